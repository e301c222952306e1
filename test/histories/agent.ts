import { agentKind } from '../../actors/agent/agent.kind.ts';
import type { AgentTable } from '../../actors/agent/agent.table.ts';
import { Fold, type PendingRequest } from '../../actors/cell/fold.ts';
import type { Input } from '../../actors/cell/kind.ts';
import type { Allotment, TaskSpec, ToolSpec } from '../../protocols/goals/task.ts';
import type { Chance } from './random.ts';

export const agentStream = 'flock.acme.journal.21.g1.agent-t0-1';
const seenMax = 8;

const tool = (name: string, more: Partial<ToolSpec> = {}): ToolSpec => ({
  name,
  description: name,
  parameters: { type: 'object' },
  repeatable: true,
  parallel: true,
  writes: false,
  ...more,
});
export const tools: readonly ToolSpec[] = [
  tool('fs.read'),
  tool('fs.list', { parallel: false }),
  tool('fs.write', { repeatable: false, parallel: false, writes: true }),
  tool('mail.send', { repeatable: false }),
];
export const taskSpec: TaskSpec = {
  profile: 'default',
  model: 'x/y',
  system: 'be brief',
  prompt: 'look',
  role: 'single',
  material: [{ name: 'notes', text: 'a note' }],
  tools: [...tools],
  outputTokensMax: 500,
};
export const allotment: Allotment = { ticks: 6, tokens: 6_000, toolCalls: 8, costMicroUsd: 900 };

export const assign = (more: Readonly<Record<string, unknown>> = {}): Input => ({
  type: 'agent.assign',
  machine: agentKind.machine,
  version: agentKind.version,
  node: 'n1',
  epoch: 1,
  task: 't0',
  attempt: 1,
  allotment,
  spec: taskSpec,
  ...more,
});

export interface Stamped {
  readonly input: Input;
  readonly at: number;
}

/** A new fold of an agent, as its cell makes it. */
export const agentFold = (): Fold<AgentTable> => new Fold(agentKind, agentStream, seenMax);

/** What may happen to an agent next: answers to what it waits for, messages, its timer, another opening. */
function next(chance: Chance, fold: Fold<AgentTable>, n: number): Input {
  const pending = [...fold.pending.values()];
  const [timer] = fold.timers;
  if (chance.of(0.06)) return { type: 'agent.note', text: `note ${n}`, id: `m${chance.below(12)}` };
  if (chance.of(0.05)) return { type: 'cell.opened', node: chance.pick(['n1', 'n2']), epoch: fold.epoch + 1 };
  if (chance.of(0.01)) return { type: 'agent.cancel', reason: 'enough', id: `c${n}` };
  if (fold.state === 'waiting' && chance.of(0.7)) {
    return chance.of(0.8)
      ? { type: 'budget.granted', tokens: chance.below(4_000), toolCalls: chance.below(6), costMicroUsd: chance.below(900), id: `b${n}` }
      : { type: 'budget.refused', quota: 'maxTokens', message: 'used up', id: `b${n}` };
  }
  if (pending.length > 0) return answer(chance, chance.pick(pending));
  if (timer !== undefined) return { type: 'timer.fired', name: timer[0], key: timer[1].key };
  return { type: 'agent.note', text: 'hello?', id: `h${n}` };
}

function answer(chance: Chance, { key, request, started }: PendingRequest): Input {
  const { ref } = request;
  if (request.repeatable === false && !started) return { type: 'tool.started', key, ref };
  if (chance.of(0.15)) {
    const [code, retryable] = chance.pick([
      ['model_overloaded', true],
      ['model_timeout', true],
      ['model_auth', false],
      ['tool_failed', false],
      ['outcome_unknown', false],
    ] as const);
    return { type: 'effect.failed', key, ref, code, message: `${code} happened`, retryable, ...(chance.of(0.3) ? { retryAfterMs: chance.below(5_000) } : {}) };
  }
  switch (request.type) {
    case 'model.call':
      return { ...reply(chance), key, ref };
    case 'tool.run':
      return { type: 'tool.completed', key, ref, text: `result of ${ref}`, truncated: chance.of(0.2) };
    case 'workspace.collect':
      return { type: 'workspace.collected', key, ref, artifacts: [], count: 0 };
    default:
      return { type: 'message.stored', key, ref };
  }
}

function reply(chance: Chance): Input {
  const calls = chance.of(0.75) ? chance.below(4) + 1 : 0;
  return {
    type: 'model.replied',
    text: calls === 0 ? 'the answer' : '',
    toolCalls: Array.from({ length: calls }, (_, index) => ({
      id: `call-${index}`,
      name: chance.pick(['fs.read', 'fs.list', 'fs.write', 'mail.send', 'no.such']),
      ...(chance.of(0.1) ? { malformed: '{"path":' } : { input: { path: `f${index}`, ['__proto__']: null } }),
    })),
    finish: calls === 0 ? chance.pick(['stop', 'length']) : 'tool-calls',
    usage: chance.of(0.1) ? null : { input: chance.below(200), cacheRead: chance.below(20), cacheWrite: 0, output: chance.below(100), reasoning: 0 },
    costMicroUsd: chance.of(0.2) ? null : chance.below(300),
    answeredBy: 'y-1',
  };
}

/** A random life of an agent, at most `stepsMax` inputs; each is one that its journal could hold. */
export function agentHistory(chance: Chance, stepsMax: number): readonly Stamped[] {
  const fold = agentFold();
  const history: Stamped[] = [];
  let at = 1_000;
  const take = (input: Input): void => {
    at += chance.below(3) * 100;
    const plain = JSON.parse(JSON.stringify(input)) as Input;
    fold.step(plain, at);
    history.push({ input: plain, at });
  };
  take(assign(chance.of(0.3) ? { allotment: { ...allotment, tokens: 700, toolCalls: 1 } } : {}));
  while (!fold.closed && history.length < stepsMax) {
    const input = next(chance, fold, history.length);
    if (input.id === undefined || !fold.hasSeen(input.id)) take(input);
  }
  return history;
}
