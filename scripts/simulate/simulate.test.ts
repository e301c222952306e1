import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mutants, planted } from './mutants.ts';
import { kindOf, runSchedule } from './schedule.ts';

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

describe('the simulator', () => {
  test.each(seeds)('seed %i keeps every promise', async (seed) => {
    const { violation, history } = await runSchedule(seed);
    expect(violation, history.slice(-20).join('\n')).toBeUndefined();
  });

  test.each(seeds.filter((seed) => kindOf(seed) !== 'election').slice(0, 4))('seed %i is the same schedule each time', async (seed) => {
    const [first, second] = [await runSchedule(seed), await runSchedule(seed)];
    expect(first.history.length).toBeGreaterThan(5);
    expect(second).toEqual(first);
  });
});

describe('the faults to plant', () => {
  test('there are at least ten', () => expect(mutants.length).toBeGreaterThanOrEqual(10));

  test.each(mutants)('$name: can still be planted', ({ changes }) => {
    const sources = new Map<string, string>();
    for (const change of changes) {
      const source = sources.get(change.file) ?? readFileSync(join(import.meta.dirname, '../..', change.file), 'utf8');
      sources.set(change.file, planted(source, change));
      expect(sources.get(change.file)).not.toBe(source);
    }
  });
});
