import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { FeedEvent } from './event-batch.ts';
import { type LivePlace, LiveRoot } from './live-root.ts';

const event = (cursor: string, size = 10, ends = false): FeedEvent => ({ cursor, json: 'x'.repeat(size), ends });
const place = (): LivePlace & { woken: number } => {
  const made = { at: undefined, woken: 0, wake: () => void made.woken++ } as LivePlace & { woken: number };
  return made;
};
const limits = { ringEntriesMax: 4, ringBytesMax: 100, pageBytesMax: 1_000 };
const cursors = (taken: ReturnType<LiveRoot['take']>): string[] | undefined => taken?.batch.events.map(({ cursor }) => cursor);

describe('LiveRoot', () => {
  test('a reader gets what came after it joined, once, in order, and is woken once in a turn', async () => {
    const root = new LiveRoot(limits);
    const reader = place();
    root.push(1, [event('1')]);
    root.join(reader);
    expect(root.take(reader, 0)).toBeUndefined();
    root.push(2, [event('2a'), event('2b')]);
    root.push(3, [event('3')]);
    expect(reader.woken).toBe(0);
    await turn();
    expect(reader.woken).toBe(1);
    expect(cursors(root.take(reader, 0))).toEqual(['2a', '2b', '3']);
    expect(root.take(reader, 3)).toBeUndefined();
    root.cutAll();
    await turn();
    expect(reader.woken).toBe(2);
    expect(reader.at).toBeUndefined();
  });

  test('what was seen in the journal is left out', () => {
    const root = new LiveRoot(limits);
    const reader = place();
    root.join(reader);
    for (const sequence of [5, 6, 7]) root.push(sequence, [event(String(sequence))]);
    expect(cursors(root.take(reader, 6))).toEqual(['7']);
  });

  test('readers at the same place share one batch and its bytes', () => {
    const root = new LiveRoot(limits);
    const readers = [place(), place()];
    for (const reader of readers) root.join(reader);
    root.push(1, [event('1')]);
    const [first, second] = readers.map((reader) => root.take(reader, 0)?.batch);
    expect(first).toBe(second);
    let made = 0;
    const make = (): Uint8Array => new Uint8Array(++made);
    expect(first?.form('a', make)).toBe(second?.form('a', make));
    expect(made).toBe(1);
  });

  test('a batch ends at the end of the goal', () => {
    const root = new LiveRoot(limits);
    const reader = place();
    root.join(reader);
    root.push(1, [event('1'), event('end', 10, true), event('straggler')]);
    root.push(2, [event('later')]);
    const taken = root.take(reader, 0);
    expect(cursors(taken)).toEqual(['1', 'end']);
    expect(taken?.batch.ends).toBe(true);
  });

  test('who is too many entries or bytes behind is cut off, others are not', () => {
    for (const size of [10, 60]) {
      const root = new LiveRoot({ ...limits, ringEntriesMax: size === 10 ? 4 : 1_000, ringBytesMax: size === 10 ? 10_000 : 100 });
      const [slow, quick] = [place(), place()];
      root.join(slow);
      root.join(quick);
      for (let sequence = 1; sequence <= 6; sequence++) {
        root.push(sequence, [event(String(sequence), size)]);
        expect(cursors(root.take(quick, sequence - 1))).toEqual([String(sequence)]);
      }
      expect(slow.at).toBeUndefined();
      expect(root.take(slow, 0)).toBeUndefined();
    }
  });
});
