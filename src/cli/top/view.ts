import type { GoalView } from '../../../protocols/goals/goal.ts';
import { counted, duration, short, usd } from '../output/figures.ts';
import { oneLine, printable, table } from '../output/table.ts';
import type { TopState } from './state.ts';

export interface ViewSize {
  readonly columns: number;
  /** Lines there are; undefined: as many as it takes. */
  readonly rows: number | undefined;
  readonly color: boolean;
}

const mark = String.fromCharCode(27);
const keys = 'q quit · space hold';
/** Lines of the nodes, at most; goals and agents share what is left. */
const nodeRowsMax = 6;

/** The picture, as lines no wider than the terminal. Pure. */
export function viewOf(state: TopState, { columns, rows, color }: ViewSize, held = false): readonly string[] {
  const bold = (text: string): string => (color ? `${mark}[1m${text}${mark}[0m` : text);
  const dim = (text: string): string => (color ? `${mark}[2m${text}${mark}[0m` : text);
  const cut = (line: string): string => {
    const characters = [...printable(line)];
    return characters.length <= columns ? characters.join('') : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
  };

  const nodes = table(
    ['NODE', 'ROLES', 'SHARDS', 'GOALS', 'AGENTS', 'UP'],
    state.nodes.map(({ id, roles, shards, goals, agents, startedAt }) => [
      id,
      roles.join(','),
      String(shards),
      String(goals),
      String(agents),
      since(state.at, Date.parse(startedAt)),
    ]),
  );
  const goals = table(
    ['GOAL', 'STATUS', 'STRATEGY', 'TASKS', 'CALLS', 'TOKENS', 'COST', 'AGE', 'TEXT'],
    state.goals.map((goal) => goalRow(goal, state.at)),
  );
  const agents =
    state.agents === undefined
      ? []
      : table(
          ['AGENT', 'STATE', 'FOR', 'STEPS', 'MAIL', 'RESTARTS', 'GOAL'],
          state.agents.map(({ agent, state: at, since: from, seq, mailbox, restarts, goal }) => [
            agent,
            at,
            since(state.at, from),
            String(seq),
            String(mailbox),
            String(restarts),
            goal,
          ]),
        );
  const queues =
    state.queues === undefined
      ? []
      : table(
          ['QUEUE', 'TOPIC', 'WAITING', 'CLAIMED'],
          state.queues.map(({ queue, topic, waiting, claimed }) => [queue, topic, String(waiting), String(claimed)]),
        );

  const fixed = 1 + queues.length + (queues.length > 0 ? 1 : 0) + (state.missing === undefined ? 0 : 1) + (rows === undefined ? 0 : 1);
  const shownNodes = rows === undefined ? nodes : limited(nodes, nodeRowsMax);
  const left = rows === undefined ? undefined : Math.max(0, rows - fixed - shownNodes.length - 3);
  const [goalRows, agentRows] = left === undefined ? [undefined, undefined] : shares(left, goals.length, agents.length);
  const block = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', bold(cut(lines[0] ?? '')), ...lines.slice(1).map(cut)]);
  const lines = [
    bold(cut(headOf(state, held))),
    ...block(shownNodes),
    ...block(goalRows === undefined ? goals : limited(goals, goalRows)),
    ...block(agentRows === undefined ? agents : limited(agents, agentRows)),
    ...block(queues),
    ...(state.missing === undefined ? [] : [dim(cut(state.missing))]),
  ];
  if (rows === undefined) return lines;
  return [...lines.slice(0, rows - 1), ...Array.from({ length: Math.max(0, rows - 1 - lines.length) }, () => ''), dim(cut(keys))];
}

function headOf({ at, address, nodes, goals, approvals, recordsPerSecond, agents }: TopState, held: boolean): string {
  const atWork = goals.filter(({ status }) => status === 'running' || status === 'accepted').length;
  const busy = agents?.length ?? nodes.reduce((sum, node) => sum + node.agents, 0);
  return [
    `flockwork top${held ? ' · HELD' : ''} · ${new Date(at).toISOString().slice(11, 19)} · ${address}`,
    counted(nodes.length, 'node'),
    `${counted(atWork, 'goal')} at work`,
    counted(busy, 'agent'),
    ...(approvals === 0 ? [] : [`${counted(approvals, 'approval')} wanted`]),
    ...(recordsPerSecond === undefined ? [] : [`${recordsPerSecond.toFixed(recordsPerSecond < 10 ? 1 : 0)} records/s`]),
  ].join(' · ');
}

function goalRow({ id, status, strategy, tasks, usage, createdAt, endedAt, goal }: GoalView, at: number): readonly string[] {
  const cost = usage.costUsd === null ? '-' : usd(usage.costUsd);
  const end = endedAt === undefined ? at : Date.parse(endedAt);
  return [
    id,
    status,
    strategy.type,
    `${tasks.completed + tasks.failed}/${tasks.total}`,
    String(usage.modelCalls),
    short(usage.tokens),
    cost,
    since(end, Date.parse(createdAt)),
    oneLine(goal, 120),
  ];
}

function since(at: number, from: number): string {
  return duration(Math.floor(Math.max(0, at - from) / 1_000));
}

/** The head and as many rows as there is room for; the last line says how many more there are. */
function limited(lines: readonly string[], max: number): readonly string[] {
  if (lines.length <= max) return lines;
  if (max < 2) return lines.slice(0, Math.max(0, max));
  return [...lines.slice(0, max - 1), `… ${lines.length - max + 1} more`];
}

/** Two lists share the room: each gets half, and what one does not need the other may have. */
function shares(room: number, first: number, second: number): readonly [number, number] {
  const half = Math.floor(room / 2);
  if (first <= half) return [first, Math.max(0, room - first)];
  if (second <= half) return [Math.max(0, room - second), second];
  return [room - half, half];
}
