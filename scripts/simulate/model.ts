import type { ModelReply, ModelRequest, Models } from '../../actors/ports/models.ts';
import type { Tools } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import { planTasks } from './goal-scenario.ts';
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
/** An agent whose part the model has named works on that, whatever the inputs hold. */
const ownPart = /^## your part\n[\s\S]*/m;

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
    const calls = request.tools.map(({ name }, index) => ({ id: `call-${index}`, name, input: {} }));
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
      return marksIn(user).replaceAll(']', `/${stage}]`);
    }
    case 'step': {
      const name = /^This is the task (\S+), one of/m.exec(user)?.[1];
      const given = [...user.matchAll(/^## result of (\S+)\n\[step (.*)\]$/gm)].map(([, , made]) => made);
      return `[step ${name}(${given.join(',')})]`;
    }
    case 'plan':
      return choiceOf(temper, random);
    default:
      return marksIn(user);
  }
}

function marksIn(user: string): string {
  // The name over a result tells what its task was about: that is no answer.
  const told = (ownPart.exec(user)?.[0] ?? user).replaceAll(/^## .*$/gm, '');
  return (told.match(mark) ?? []).join('');
}

/** A choice of any strategy, now and then one that cannot be used. */
function choiceOf(temper: ModelTemper, random: World['random']): string {
  const circle = { strategy: 'plan', why: 'x', tasks: ['a', 'b'].map((name, at, all) => ({ name, prompt: 'go', after: [all[1 - at] ?? ''] })) };
  if (random.chance(temper.babbles)) return random.pick(['I would map it.', '{"strategy": "all"}', JSON.stringify(circle), '{"strategy": "single"']);
  const items = Array.from({ length: random.whole(2, 5) }, (_, index) => `[item ${index + 1}]`);
  const stages = Array.from({ length: random.whole(1, 3) }, (_, index) => ({ name: `s${index + 1}`, prompt: 'go on' }));
  const choices: readonly (() => object)[] = [
    () => ({ strategy: 'single' }),
    () => ({ strategy: 'map-reduce', items }),
    () => ({ strategy: 'pipeline', stages, ...(random.chance(0.5) ? { items } : {}) }),
    () => ({ strategy: 'consensus' }),
    () => ({ strategy: 'plan', tasks: planTasks(random) }),
  ];
  return `So be it:\n${JSON.stringify({ ...random.pick(choices)(), why: 'it fits' })}`;
}

function voteOf(word: string, user: string, temper: ModelTemper, random: World['random']): string {
  const labels = [...user.matchAll(/^## proposal ([A-Z]+)$/gm)].map(([, label]) => label ?? '');
  const fate = random.next();
  if (fate < temper.babbles) return random.pick(['I cannot say.', `${word}: Z9`, `${word}: A\n${word}: B`, '']);
  if (fate < temper.babbles + temper.abstains) return `${word}: abstain\nnone convinces`;
  const label = random.chance(temper.agrees) ? labels[0] : random.pick(labels);
  return `${word}: ${label}\nbecause of its reasons`;
}
