import { z } from 'zod';
import type { PageFiles } from '../page-files.ts';

const chart = z.object({
  machine: z.string(),
  initial: z.string(),
  frame: z.object({ name: z.string(), states: z.array(z.string()) }).nullable(),
  states: z.array(z.object({ id: z.string(), ended: z.boolean(), about: z.string() })),
  moves: z.array(z.object({ source: z.string(), target: z.string(), events: z.array(z.string()) })),
});

interface StateNode {
  readonly type?: 'final';
  readonly description?: string;
  readonly on: Record<string, string>;
}

/** The machines as configurations of XState, by name, from the charts that the page draws. */
export function definitionsOf(files: PageFiles, machines: readonly string[]): ReadonlyMap<string, string> {
  const definitions = new Map<string, string>();
  for (const machine of machines) {
    const file = files.file(`charts/${machine}.chart.json`);
    if (file !== undefined) definitions.set(machine, JSON.stringify(definitionOf(chart.parse(JSON.parse(file.bytes.toString('utf8'))))));
  }
  return definitions;
}

function definitionOf({ machine, initial, frame, states, moves }: z.infer<typeof chart>): object {
  const nodes: Record<string, StateNode> = {};
  for (const { id, ended, about } of states) nodes[id] = { ...(ended ? { type: 'final' } : {}), ...(about === '' ? {} : { description: about }), on: {} };
  for (const { source, target, events } of moves) {
    // A move of the frame is one of each state in it.
    const sources = frame !== null && source === frame.name ? frame.states : [source];
    for (const from of sources) {
      const on = nodes[from]?.on;
      if (on !== undefined) for (const event of events) on[event] = target;
    }
  }
  return { id: machine, initial, states: nodes };
}
