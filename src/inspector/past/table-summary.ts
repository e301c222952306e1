/** Names and values that a page shows of a table; which, is said here for each machine, so that no prompt, key or text goes out by accident. */
export type TableRow = readonly [name: string, value: string | number | boolean | null];

type Shape = Readonly<Record<string, unknown>>;

const isShape = (value: unknown): value is Shape => typeof value === 'object' && value !== null && !Array.isArray(value);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const length = (value: unknown): number => (Array.isArray(value) ? value.length : isShape(value) ? Object.keys(value).length : 0);
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function coordinatorRows(table: Shape): TableRow[] {
  const tasks = Array.isArray(table['tasks']) ? table['tasks'].filter(isShape) : [];
  const inState = (state: string): number => tasks.filter((task) => task['state'] === state).length;
  const ledger = isShape(table['ledger']) ? table['ledger'] : {};
  const spent = isShape(ledger['spent']) ? ledger['spent'] : {};
  const held = isShape(ledger['held']) ? ledger['held'] : {};
  const limits = isShape(ledger['limits']) ? ledger['limits'] : {};
  return [
    ['tasks', tasks.length],
    ['tasks waiting', inState('waiting')],
    ['tasks running', inState('running')],
    ['tasks completed', inState('completed')],
    ['tasks failed', inState('failed')],
    ['attempts at work', number(table['running'])],
    ['paused by', text(table['pausedBy'])],
    ['tokens spent', number(spent['tokens'])],
    ['tokens held', number(held['tokens'])],
    ['tokens at most', number(limits['tokens'])],
    ['tool calls spent', number(spent['toolCalls'])],
    ['cost spent, USD', number(spent['costMicroUsd']) / 1_000_000],
    ['cost held, USD', number(held['costMicroUsd']) / 1_000_000],
    ['cost at most, USD', number(limits['costMicroUsd']) / 1_000_000],
    ['estimated', ledger['estimated'] === true],
  ];
}

function agentRows(table: Shape): TableRow[] {
  const usage = isShape(table['usage']) ? table['usage'] : {};
  const round = Array.isArray(table['round']) ? table['round'].filter(isShape) : [];
  return [
    ['task', text(table['task'])],
    ['attempt', number(table['attempt'])],
    ['rounds', number(table['ticks'])],
    ['messages in the transcript', length(table['transcript'])],
    ['tool calls of this round', round.length],
    ['of these done', round.filter((call) => call['state'] === 'done').length],
    ['tries of this call', number(table['tries'])],
    ['tokens', number(usage['tokens'])],
    ['tool calls', number(usage['toolCalls'])],
    ['cost, USD', number(usage['costMicroUsd']) / 1_000_000],
    ['has answered', isShape(table['answer'])],
  ];
}

/** The sizes and sums of a machine's table; of a machine that is not known here, nothing. */
export function tableSummary(machine: string, table: unknown): TableRow[] {
  if (!isShape(table)) return [];
  if (machine === 'coordinator') return coordinatorRows(table);
  return machine === 'agent' ? agentRows(table) : [];
}
