import type { ModelReply, ModelRequest, Models } from '../../actors/ports/models.ts';
import type { Tools } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** How likely the model does what it should not, in one schedule. */
export interface ModelTemper {
  /** A call fails, but may be tried again. */
  readonly fails: number;
  /** A call fails for good. */
  readonly refuses: number;
  /** A call takes as long as a straggler. */
  readonly stalls: number;
  /** A voter or leader answers what cannot be read. */
  readonly babbles: number;
  /** A voter abstains. */
  readonly abstains: number;
  /** How likely a voter takes the first proposal rather than any. */
  readonly agrees: number;
  /** An agent calls tools before it answers. */
  readonly looks: number;
}

export const simulatedTools: readonly ToolSpec[] = [
  { name: 'probe.read', description: 'Reads.', parameters: {}, repeatable: true, parallel: true, writes: false },
  { name: 'probe.mark', description: 'Marks; not safe to repeat.', parameters: {}, repeatable: false, parallel: false, writes: false },
];

/** What a part, an item or a proposal is called in answers, so that the end shows what became of each. */
const mark = /\[(?:part|item|proposal)[^\]]*\]/g;

/** A model whose answers carry the marks of what it was given: map and reduce keep them, a stage adds its name. */
export function simulatedModel(world: World, process: Process, temper: ModelTemper, onCall: (key: string) => void): Models {
  return {
    call: (request, { signal }) =>
      new Promise<ModelReply>((resolve, reject) => {
        onCall(request.key);
        const { random } = world;
        const latencyMs = random.chance(temper.stalls) ? random.whole(4_000, 20_000) : random.whole(1, 120);
        const fate = random.next();
        const failure =
          fate < temper.fails
            ? new FlockworkError('model_overloaded', 'the simulated model is overloaded')
            : fate < temper.fails + temper.refuses
              ? new FlockworkError('model_bad_request', 'the simulated model refuses')
              : undefined;
        const answer = failure ?? replyOf(request, temper, world);
        process.clock.timer(latencyMs, () => {
          if (signal.aborted) reject(new FlockworkError('aborted', 'the call was aborted'));
          else if (answer instanceof FlockworkError) reject(answer);
          else resolve(answer);
        });
      }),
  };
}

/** Tools that count what they did outside. */
export function simulatedTooling(world: World, process: Process, effects: Map<string, number>): Tools {
  return {
    run: ({ name, key }) =>
      new Promise((resolve) => {
        if (name === 'probe.mark') effects.set(key, (effects.get(key) ?? 0) + 1);
        process.clock.timer(world.random.whole(1, 30), () => resolve({ text: `${name} done`, truncated: false }));
      }),
    collect: () => Promise.resolve([]),
    release: () => Promise.resolve(),
  };
}

function replyOf(request: ModelRequest, temper: ModelTemper, world: World): ModelReply {
  const { random } = world;
  const system = request.messages.find(({ role }) => role === 'system')?.text ?? '';
  const user = request.messages.find(({ role }) => role === 'user')?.text ?? '';
  const role = /^Role: (\S+)/m.exec(system)?.[1] ?? '';
  const looked = request.messages.some((message) => message.role === 'tool');
  const base = {
    finish: 'stop' as const,
    usage: { input: 10, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0 },
    costMicroUsd: 3,
    answeredBy: request.model,
  };
  if (request.tools.length > 0 && !looked && random.chance(temper.looks)) {
    const calls = ['probe.read', 'probe.mark'].map((name, index) => ({ id: `call-${index}`, name, input: {} }));
    return { ...base, text: '', toolCalls: calls, finish: 'tool-calls' };
  }
  return { ...base, text: textOf(role, user, temper, world), toolCalls: [] };
}

function textOf(role: string, user: string, temper: ModelTemper, { random }: World): string {
  switch (role) {
    case 'vote':
    case 'decide':
      return voteOf(role === 'vote' ? 'VOTE' : 'DECISION', user, temper, random);
    case 'propose':
      return `[proposal of ${/You are (p\d+)/.exec(user)?.[1]}]`;
    case 'stage': {
      const stage = /This is stage \d+ of \d+ \((\S+)\)/.exec(user)?.[1];
      const item = (user.match(mark) ?? []).join('');
      return item.replaceAll(']', `/${stage}]`);
    }
    default:
      return (user.match(mark) ?? []).join('');
  }
}

function voteOf(word: string, user: string, temper: ModelTemper, random: World['random']): string {
  const labels = [...user.matchAll(/^## proposal ([A-Z]+)$/gm)].map(([, label]) => label ?? '');
  const fate = random.next();
  if (fate < temper.babbles) return random.pick(['I cannot say.', `${word}: Z9`, `${word}: A\n${word}: B`, '']);
  if (fate < temper.babbles + temper.abstains) return `${word}: abstain\nnone convinces`;
  const label = random.chance(temper.agrees) ? labels[0] : random.pick(labels);
  return `${word}: ${label}\nbecause of its reasons`;
}
