import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SseParser, sseBlockMax } from './sse-parser.ts';

const stream = ': hello\n\nid: a-1-0\ndata: {"x":1}\n\nevent: goal.delta\ndata: one\ndata:two\n\nretry: 7\n\nid: b\n\ndata: last\n\n';
const whole = [
  { event: 'message', id: 'a-1-0', data: '{"x":1}' },
  { event: 'goal.delta', id: undefined, data: 'one\ntwo' },
  { event: 'message', id: undefined, data: 'last' },
];

describe('SseParser', () => {
  test('gives the same events however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 10 }), (cuts) => {
        const parser = new SseParser();
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const events = edges.slice(1).flatMap((end, at) => [...parser.push(stream.slice(edges[at], end))]);
        expect(events).toEqual(whole);
        expect(parser.retryMs).toBe(7);
      }),
    );
  });

  test('an event without an end is bounded', () => {
    const parser = new SseParser();
    expect(() => [...parser.push('x'.repeat(sseBlockMax + 1))]).toThrow(RangeError);
  });
});
