import { describe, expect, test } from 'vitest';
import { type CarriedBlock, carriedBlocks, carryOf } from './carry.ts';

const calls = [0, 1].map((at) => ({ type: 'tool_use' as const, id: `c${at}`, name: 'look', input: {} }));
const thought: CarriedBlock = { type: 'thinking', thinking: 'hm', signature: 's' };
const hidden: CarriedBlock = { type: 'redacted_thinking', data: 'x' };

describe('what is carried of a reply', () => {
  test('is nothing where nothing was thought', () => {
    expect(carryOf('a/b', [{ type: 'text', chars: 3 }])).toBeUndefined();
  });

  test('stands between texts and calls as it did', () => {
    const carry = carryOf('a/b', [
      thought,
      { type: 'text', chars: 2 },
      hidden,
      { type: 'tool_use', call: 1 },
      { type: 'text', chars: 1 },
      { type: 'tool_use', call: 0 },
    ]);
    expect(carriedBlocks('a/b', carry, 'abc', calls)).toEqual([thought, { type: 'text', text: 'ab' }, hidden, calls[1], { type: 'text', text: 'c' }, calls[0]]);
  });

  test('loses no text and no call that it does not know, and sends no empty text', () => {
    const carry = carryOf('a/b', [thought, { type: 'text', chars: 1 }, { type: 'tool_use', call: 5 }]);
    expect(carriedBlocks('a/b', carry, ' rest', calls)).toEqual([thought, { type: 'text', text: 'rest' }, ...calls]);
  });

  test('is for the model that it came from', () => {
    expect(carriedBlocks('a/c', carryOf('a/b', [thought]), '', calls)).toBeUndefined();
    expect(carriedBlocks('a/b', undefined, '', calls)).toBeUndefined();
  });
});
