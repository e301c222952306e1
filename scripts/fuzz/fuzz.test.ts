import { describe, expect, test } from 'vitest';
import { encodeFrame, frameBytesMax } from '../../protocols/wire/frame.ts';
import { expectedOf, expectedStream } from './expected.ts';
import { runFuzz } from './run.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('20,000 fuzzed messages', () => {
  test('each gets its one answer, or its connection ends with a told error, and nothing escapes', { timeout: 60_000 }, async () => {
    const seed = 1 + Math.floor(Math.random() * 1_000_000_000);
    const { broken, messages, answers, events, endedAs } = await runFuzz({ seed, count: 20_000 });
    expect(broken, `again: npm run fuzz -- --seed ${broken?.seed ?? seed} --sessions 1`).toBeUndefined();
    expect(messages).toBeGreaterThanOrEqual(20_000);
    // It was not one connection that ended at once, or a stream of nothing but refusals.
    expect(answers).toBeGreaterThan(messages / 2);
    expect(events).toBeGreaterThan(10);
    expect(Object.keys(endedAs)).toContain('frame_too_large');
  });

  test('a seed is the same session each time', async () => {
    const [first, second] = [await runFuzz({ seed: 7, count: 0, sessions: 20 }), await runFuzz({ seed: 7, count: 0, sessions: 20 })];
    expect(first.messages).toBeGreaterThan(100);
    expect(second).toEqual(first);
  });
});

describe('what a message must get', () => {
  test.each([
    ['{"jsonrpc":"2.0","id":7,"method":"ping"}', { answers: 1, id: 7 }],
    ['{"jsonrpc":"2.0","method":"ping"}', { answers: 0 }],
    ['{"jsonrpc":"2.0","method":"no.such","params":{}}', { answers: 0 }],
    ['{"jsonrpc":"2.0","method":"ping","params":[]}', { answers: 1, id: null }],
    ['{"jsonrpc":"2.0","method":"ping","extra":1}', { answers: 1, id: null }],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', { answers: 1, id: null }],
    ['{"jsonrpc":"2.0","id":1e999,"method":"ping"}', { answers: 1, id: null }],
    ['{"jsonrpc":"1.0","id":"a"}', { answers: 1, id: 'a' }],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', { answers: 1, id: null }],
    [`{"jsonrpc":"2.0","id":3,"method":"ping","params":${'['.repeat(70)}${']'.repeat(70)}}`, { answers: 1, id: null }],
    ['{"jsonrpc":', { answers: 1, id: null }],
  ])('%s', (text, wanted) => expect(expectedOf(bytes(text))).toEqual(wanted));

  test('a stream reads as frames, up to what is none', () => {
    const frame = Buffer.from(encodeFrame({ a: 1 }));
    const read = (...parts: readonly Buffer[]) => {
      const { bodies, end } = expectedStream(Buffer.concat(parts), frameBytesMax);
      return [bodies.length, end];
    };
    expect(read(frame, frame)).toEqual([2, 'clean']);
    expect(read(frame, frame.subarray(0, 5))).toEqual([1, 'truncated']);
    expect(read(frame, Buffer.from('ffffffff', 'hex'), frame)).toEqual([1, 'too-large']);
  });
});
