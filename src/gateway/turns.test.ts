import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** What each of some requests got, turn by turn. */
async function granted(turns: Turns, sizes: readonly number[]): Promise<number[][]> {
  const got: number[][] = [];
  let now: number[] = [];
  for (const [index, bytes] of sizes.entries()) {
    void turns.take(bytes).then(() => now.push(index));
  }
  while (got.flat().length < sizes.length) {
    await turn();
    got.push(now);
    now = [];
  }
  return got.filter((of) => of.length > 0);
}

describe('Turns', () => {
  test('a turn has so many bytes, in the order asked for', async () => {
    expect(await granted(new Turns(100), [60, 40, 1, 50, 50, 0])).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  test('what is larger than a turn gets one for itself, and nobody behind it overtakes', async () => {
    expect(await granted(new Turns(100), [10, 500, 10, 90, 10])).toEqual([[0], [1], [2, 3], [4]]);
  });

  test('it goes on after it was idle', async () => {
    const turns = new Turns(1);
    expect(await granted(turns, [1, 1])).toEqual([[0], [1]]);
    expect(await granted(turns, [1])).toEqual([[0]]);
  });
});
