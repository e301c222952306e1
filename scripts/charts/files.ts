import type { Chart } from './layout.ts';

/** Where the chart of a machine stands, relative to the checkout. */
export function chartFile(machine: string): string {
  return `src/inspector/charts/${machine}.chart.json`;
}

/** A chart as it is committed: one state or move a line, so that a change can be read. */
export function chartText({ states, moves, ...rest }: Chart): string {
  const list = (items: readonly unknown[]): string => `[\n    ${items.map((item) => JSON.stringify(item)).join(',\n    ')}\n  ]`;
  const fields = Object.entries(rest).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${[...fields, `  "states": ${list(states)}`, `  "moves": ${list(moves)}`].join(',\n')}\n}\n`;
}
