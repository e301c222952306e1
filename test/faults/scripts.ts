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

function read(name: string): { name: string; input: unknown } {
  return { name: 'counter.read', input: { name } };
}
