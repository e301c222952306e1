import type { MockScript } from '../../src/testing/mock-model/index.ts';

/** One agent: two safe tools at once, then an unsafe one beside a safe one, then the answer. */
export const singleScript: MockScript = ({ toolResults }) => {
  if (toolResults.length === 0) return { toolCalls: [read('a'), read('b')] };
  if (toolResults.length === 2) return { toolCalls: [read('c'), { name: 'counter.add', input: { name: 'd' } }] };
  return { text: `done after ${toolResults.length} results` };
};

/** Each map task reads, adds once, and answers; reduce tasks answer at once. */
export const mapScript: MockScript = ({ role, toolResults }) => {
  if (role === 'map' && toolResults.length === 0) return { toolCalls: [read('a'), { name: 'counter.add', input: { name: 'b' } }] };
  return { text: `${role} done`, latencyMs: 2 };
};

/** The names over results are no answers, and neither is what the prompt says of an agent's part. */
const headings = /^## .*$/gm;
const latencyMs = 5;

/**
 * Answers that carry what they were given: an item with each stage that it went through, a task with all that it is after.
 * Each voter votes for its own proposal, so that every round is fought to its end and a leader decides.
 */
export const strategyScript: MockScript = ({ role, user }) => {
  const text = ((): string => {
    switch (role) {
      case 'stage':
        return markIn(user).replaceAll(']', `/${/This is stage \d+ of \d+ \((\w+)\)/.exec(user)?.[1]}]`);
      case 'propose':
        return `[proposal of ${/You are (p\d+)/.exec(user)?.[1]}]`;
      case 'vote':
        return `VOTE: ${'ABC'[Number(/the voter p(\d)/.exec(user)?.[1]) - 1]}\nmine`;
      case 'decide':
        return 'DECISION: B\nto have an end';
      case 'step':
        return `[step ${/the task (\w+), one of/.exec(user)?.[1]}(${[...user.matchAll(/^## result of \w+\n(.*)$/gm)].map(([, made]) => made).join(',')})]`;
      case 'plan':
        return JSON.stringify({ strategy: 'map-reduce', why: 'two parts', items: ['[item 1]', '[item 2]'] });
      default:
        return markIn(user);
    }
  })();
  return { text, latencyMs };
};

function markIn(user: string): string {
  return (
    user
      .slice(user.search(headings))
      .replaceAll(headings, '')
      .match(/\[item[^\]]*\]/g) ?? []
  ).join('');
}

/** The seed of the moments at which processes are killed. */
export const seed = Number(process.env['FLOCKWORK_TEST_SEED'] ?? 20261121);

/** In [0, 1), the same for the same seed (mulberry32). */
export function random(from: number): number {
  let state = (from + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 4_294_967_296;
}

function read(name: string): { name: string; input: unknown } {
  return { name: 'counter.read', input: { name } };
}
