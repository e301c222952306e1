import { setTimeout as pause } from 'node:timers/promises';
import type { ModelReply, Models } from '../../actors/ports/models.ts';
import type { Tools } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { Chance } from './random.ts';

/** How often each thing goes wrong, 0 to 1. */
export interface Misfortune {
  readonly modelRetryable: number;
  readonly modelForGood: number;
  readonly modelHangs: number;
  readonly toolFails: number;
  /** How long a call takes at most. Milliseconds. */
  readonly latencyMsMax: number;
}

/** What happened outside, as the outside counts it. */
export interface Outside {
  readonly models: Models;
  readonly tools: Tools;
  /** How often an effect that is not safe to repeat was begun, by its key. */
  readonly unsafe: ReadonlyMap<string, number>;
  /** How often each model call was begun, by its key. */
  readonly calls: ReadonlyMap<string, number>;
}

const unsafeTools: ReadonlySet<string> = new Set(['fs.write', 'mail.send']);

/** The dice for one key: the same key meets the same fate, whatever ran before it. */
function diceOf(seed: number, key: string): Chance {
  let mixed = seed;
  for (let at = 0; at < key.length; at++) mixed = Math.imul(mixed ^ key.charCodeAt(at), 0x01000193);
  return new Chance(mixed);
}

async function patience(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (cause) {
    throw new FlockworkError('aborted', 'the call was aborted', { cause });
  }
}

/** A model and tools in memory, whose answers and failures follow from the seed and the key of each call. */
export function scripted(seed: number, misfortune: Misfortune): Outside {
  const unsafe = new Map<string, number>();
  const calls = new Map<string, number>();
  const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    unsafe,
    calls,
    models: {
      async call({ key, tools, messages }, { signal, onDelta }) {
        count(calls, key);
        const dice = diceOf(seed, key);
        onDelta?.('…');
        if (dice.of(misfortune.modelHangs)) {
          await patience(20, signal);
          throw new FlockworkError('model_timeout', 'nothing came');
        }
        await patience(dice.share() * misfortune.latencyMsMax, signal);
        if (dice.of(misfortune.modelRetryable))
          throw new FlockworkError(dice.pick(['model_overloaded', 'model_rate_limited', 'model_cut']), 'come again', {
            details: { retryAfterMs: dice.below(2_000) },
          });
        if (dice.of(misfortune.modelForGood)) throw new FlockworkError('model_bad_request', 'never');
        return reply(
          dice,
          tools.map(({ name }) => name),
          messages.length,
        );
      },
    },
    tools: {
      async run({ key, name }, { signal }) {
        const dice = diceOf(seed, key);
        if (unsafeTools.has(name)) count(unsafe, key);
        await patience(dice.share() * misfortune.latencyMsMax, signal);
        if (dice.of(misfortune.toolFails)) throw new FlockworkError(dice.pick(['tool_failed', 'tool_timeout', 'path_not_allowed']), 'no');
        return { text: `${name} says ${dice.below(1_000)}`, truncated: dice.of(0.1) };
      },
      collect: async ({ task }) => [{ task, path: `${task}.md`, change: 'added', sha256: 'c'.repeat(64), size: 3 }],
      release: async () => undefined,
    },
  };
}

function reply(dice: Chance, tools: readonly string[], turns: number): ModelReply {
  const more = tools.length > 0 && turns < 14 && dice.of(0.55) ? 1 + dice.below(4) : 0;
  return {
    text: more === 0 ? `an answer of ${dice.below(1_000)} words` : '',
    toolCalls: Array.from({ length: more }, (_, index) => ({
      id: `call-${index}`,
      name: dice.of(0.05) ? 'no.such' : dice.pick(tools),
      ...(dice.of(0.05) ? { malformed: '{"a":' } : { input: { at: index } }),
    })),
    finish: more === 0 ? 'stop' : 'tool-calls',
    usage: dice.of(0.05) ? null : { input: 50 + dice.below(100), cacheRead: dice.below(10), cacheWrite: 0, output: 20 + dice.below(50), reasoning: 0 },
    costMicroUsd: dice.of(0.1) ? null : dice.below(200),
    answeredBy: 'scripted-1',
  };
}
