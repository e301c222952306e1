import { describe, expect, test } from 'vitest';
import { type GoalMaterial, partNames, splitParts } from './parts.ts';

const names = (material: Partial<GoalMaterial>, agents = 2): string[] => {
  const whole = { texts: [], items: [], manifest: null, ...material };
  return partNames(whole, splitParts(whole, agents));
};
const file = (path: string) => ({ path, sha256: 'a'.repeat(64), size: 10 });

describe('what a part is called', () => {
  test('an item is its first words, in one line of at most 60 characters', () => {
    const [plain, long, lines, empty] = names({ items: ['look at A', `${'word '.repeat(40)}`, 'two\n\n  lines', '  '] });
    expect([plain, lines, empty]).toEqual(['look at A', 'two lines', 'item 4']);
    expect(long).toMatch(/^word (word )*\w* …$/);
    expect(long?.length).toBeLessThanOrEqual(60);
    expect(names({ items: [`${'x'.repeat(57)}😀😀😀`] })[0]).toBe(`${'x'.repeat(57)} …`);
    expect(names({ items: ['y'.repeat(1_000_000)] })[0]?.length).toBe(60);
  });

  test('files are the first of them and how many there are; of a long path its end', () => {
    expect(names({ manifest: { files: ['a.ts', 'b.ts', 'c.ts', 'd.ts'].map(file) } })).toEqual(['a.ts … 2 files', 'c.ts … 2 files']);
    const [one] = names({ manifest: { files: [file(`${'deep/'.repeat(30)}end.ts`)] } });
    expect([one?.length, one?.startsWith('…'), one?.endsWith('/end.ts')]).toEqual([60, true, true]);
  });

  test('a text is its own name', () => expect(names({ texts: [{ name: 'notes.md', text: 'x' }] })).toEqual(['notes.md']));

  test('names are bounded in all: the parts after that are told by number', () => {
    const many = names({ items: Array.from({ length: 5_000 }, () => 'z'.repeat(60)) });
    expect(many.length).toBe(Math.floor(32_768 / 60));
  });
});
