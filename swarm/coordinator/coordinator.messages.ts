import { type Emitted, fact } from '../../actors/cell/kind.ts';
import { readSwarmCall } from '../../protocols/goals/swarm-tools.ts';
import { agentActor } from '../../protocols/goals/task.ts';
import { tellsMax } from './bounds.ts';
import type { SwarmAsked } from './coordinator.inputs.ts';
import { type Asker, agentOf, callMemory } from './coordinator.memory.ts';
import type { LastAnswer, SwarmAnswer } from './coordinator.shared.ts';
import { attemptRef, type CoordinatorTable, type TaskRow, taskIndex } from './coordinator.table.ts';
import { tellAgent } from './coordinator.window.ts';

/**
 * An agent calls a tool that the coordinator answers. An agent asks again when no answer reached it, so a call that was carried out
 * is answered with what it was told then; one older than that has been answered long ago.
 */
export function swarmAsked(table: CoordinatorTable, input: SwarmAsked): { readonly emit: readonly Emitted[] } {
  const { task, attempt, call } = input;
  const asked = readSwarmCall(input.tool, input.input);
  const index = taskIndex(task);
  const row = table.tasks[index];
  const asker: Asker = { task, attempt, at: input.at };
  // The attempt is over for its goal, and so is its say.
  if (row === undefined || !row.open.includes(attempt)) return { emit: lateAsked(input, 'attempt_superseded') };
  if (asked === undefined) return { emit: [settle(table, index, attempt, call, unreadable(input.tool))] };
  const ref = attemptRef(index, attempt);
  const last = forgetEnded(table)[ref];
  const order = last === undefined ? 1 : orderOf(call) - orderOf(last.call);
  if (order < 0) return { emit: [] };
  if (last !== undefined && order === 0) return { emit: [settle(table, index, attempt, call, last.answer)] };
  const { answer, emitted } = asked.name === 'agent.tell' ? tell(table, asker, row, asked.input) : callMemory(table, asker, asked);
  if (asked.name !== 'memory.get' && asked.name !== 'memory.list') forgetEnded(table)[ref] = { call, answer };
  return { emit: [...emitted, settle(table, index, attempt, call, answer)] };
}

/** What an agent asks of a goal that has ended, or for an attempt that is over, changes nothing; what would have, leaves a trace. */
export function lateAsked({ tool, input, task, attempt }: SwarmAsked, code: 'attempt_superseded' | 'goal_ended'): Emitted[] {
  const asked = readSwarmCall(tool, input);
  const from = agentActor(task, attempt);
  switch (asked?.name) {
    case 'memory.set':
    case 'memory.delete':
      return [fact('memory.refused', { key: asked.input.key, by: from, code })];
    case 'agent.tell':
      return [fact('agent.told', { from, to: asked.input.to, text: asked.input.text, delivered: 0, agents: [], code })];
    default:
      return [];
  }
}

/** The answers that may be asked for again: attempts that ended ask for nothing more. */
function forgetEnded(table: CoordinatorTable): Record<string, LastAnswer> {
  table.answers ??= {};
  const { answers } = table;
  for (const ref of Object.keys(answers)) {
    const [task = '', attempt = ''] = ref.split('-');
    if (table.tasks[taskIndex(task)]?.open.includes(Number(attempt)) !== true) delete answers[ref];
  }
  return answers;
}

function settle(table: CoordinatorTable, index: number, attempt: number, call: string, answer: SwarmAnswer): Emitted {
  return tellAgent(table, index, attempt, { type: 'tool.settled', call, ...answer });
}

/** An agent of another version may send what this one cannot read; it must not wait for ever. */
function unreadable(tool: string): SwarmAnswer {
  return { ok: false, code: 'tool_input_invalid', text: `error tool_input_invalid: the coordinator cannot read this call of ${tool}` };
}

/** `c12.3` as a number that grows from call to call of one agent. */
function orderOf(call: string): number {
  const [model = '', index = ''] = call.slice(1).split('.');
  return Number(model) * 1_000 + Number(index);
}

function tell(
  table: CoordinatorTable,
  asker: Asker,
  row: TaskRow,
  { to, text }: { readonly to: string; readonly text: string },
): {
  readonly answer: SwarmAnswer;
  readonly emitted: readonly Emitted[];
} {
  const from = agentOf(asker);
  const told = table.told ?? 0;
  if (told >= tellsMax) {
    return {
      answer: {
        ok: false,
        code: 'quota_exceeded',
        text: `error quota_exceeded: the agents of this goal have sent each other ${tellsMax} messages, and may send no more`,
      },
      emitted: [fact('agent.told', { from, to, text, delivered: 0, agents: [], code: 'quota_exceeded' })],
    };
  }
  table.told = told + 1;
  const reached = table.tasks.flatMap((task, index) =>
    matches(to, task, index) ? task.open.flatMap((attempt) => (agentActor(`t${index}`, attempt) === from ? [] : [{ index, attempt }])) : [],
  );
  const agents = reached.map(({ index, attempt }) => agentActor(`t${index}`, attempt));
  const note = { type: 'agent.note', text: `Message from ${asker.task} (${row.role}, ${row.name}): ${text}` };
  const emitted = [
    fact('agent.told', { from, to, text, delivered: agents.length, agents }),
    ...reached.map(({ index, attempt }) => tellAgent(table, index, attempt, note)),
  ];
  if (agents.length === 0)
    return {
      answer: { ok: false, code: 'agent_not_at_work', text: `error agent_not_at_work: nobody else called '${to}' is at work on this goal now` },
      emitted,
    };
  return { answer: { ok: true, text: JSON.stringify({ delivered: agents.length, agents }) }, emitted };
}

function matches(to: string, { role, name }: TaskRow, index: number): boolean {
  return to === 'all' || to === `t${index}` || to === role || to === name;
}
