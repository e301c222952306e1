import type { Violation } from './check.ts';
import type { History, Operation } from './operations.ts';
import type { Fault } from './schedule.ts';

/** Lines of a story for each violation, and violations told. */
const operationsMax = 24;
const violationsMax = 3;

/** What broke, the faults of the schedule, and the last operations on what it is about. */
export function storyOf(faults: readonly Fault[], history: History, violations: readonly Violation[]): string[] {
  if (violations.length === 0) return [];
  const start = history.operations[0]?.begin ?? 0;
  const told = violations.slice(0, violationsMax).flatMap(({ promise, about, what }) => [
    `broken: ${promise}: ${about}: ${what}`,
    ...history.operations
      .filter(({ peer, asked, answered }) => peer === about || `${JSON.stringify(asked)} ${JSON.stringify(answered)}`.includes(about))
      .slice(-operationsMax)
      .map((operation) => `  ${lineOf(operation, start)}`),
  ]);
  const more = violations.length > violationsMax ? [`and ${violations.length - violationsMax} more`] : [];
  return [
    ...faults.map(({ kind, peer, atMs, forMs }) => `fault at ${atMs} ms for ${forMs} ms: ${kind}${kind.startsWith('server') ? '' : ` p${peer}`}`),
    ...told,
    ...more,
  ];
}

function lineOf({ peer, begin, end, outcome, asked, answered }: Operation, start: number): string {
  const { op, ...rest } = asked;
  const took = end === undefined ? 'never answered' : `${end - begin} ms`;
  return `${String(begin - start).padStart(6)} ${peer} ${op} ${JSON.stringify(rest)} ${outcome} ${JSON.stringify(answered)} (${took})`;
}
