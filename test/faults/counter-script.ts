import type { MockReply, MockScript } from '../../src/testing/mock-model/index.ts';

/** The key that all agents count on. */
export const counterKey = 'counters/shared';

/** What each map task adds, one by one. */
export const additions = 3;

interface Known {
  readonly key: string;
  readonly version: number;
  readonly value?: number;
}

/**
 * Each map task sets a key of its own, whatever was there: done twice, it would be two writes. Then it adds to one counter by compare-and-set:
 * it reads, sets with the version it has seen, and after a conflict sets again with what the answer says. At last it tells the others, and answers.
 */
export const counterScript: MockScript = ({ role, user, toolResults }) => {
  if (role !== 'map') return { text: `${role} done` };
  const last = toolResults.at(-1);
  if (last === undefined) return { toolCalls: [{ name: 'memory.set', input: { key: `begun/${/item (\d+)/.exec(user)?.[1]}`, value: true } }] };
  const conflict = /error memory_conflict: .* it is now (\{.*\})$/.exec(last)?.[1];
  if (conflict !== undefined) return add(JSON.parse(conflict) as Known);
  if (last.includes('agent_not_at_work') || last.includes('"delivered"')) return { text: `added ${toolResults.filter(isAddition).length}` };
  if (isError(last)) return { text: `gave up: ${last}` };
  const told = JSON.parse(last) as Known;
  if (told.value !== undefined || told.version === 0) return add(told);
  if (toolResults.filter(isAddition).length < additions) return { toolCalls: [{ name: 'memory.get', input: { key: counterKey } }] };
  return { toolCalls: [{ name: 'agent.tell', input: { to: 'all', text: 'my part is counted' } }] };
};

function add({ version, value = 0 }: Known): MockReply {
  return { toolCalls: [{ name: 'memory.set', input: { key: counterKey, value: value + 1, expected: version } }] };
}

function isAddition(result: string): boolean {
  if (isError(result)) return false;
  const { key, version = 0, value } = JSON.parse(result) as Partial<Known>;
  return key === counterKey && version > 0 && value === undefined;
}

/** A wire without a field for it says in words that a tool failed. */
function isError(result: string): boolean {
  return /^(?:Error: )?error /.test(result);
}
