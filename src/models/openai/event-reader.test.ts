import { describe, expect, test } from 'vitest';
import { jsonEvents } from './event-reader.ts';

const encoder = new TextEncoder();

async function read(...pieces: readonly (string | Uint8Array)[]): Promise<unknown[]> {
  const events: unknown[] = [];
  const bytes = (async function* () {
    for (const piece of pieces) yield typeof piece === 'string' ? encoder.encode(piece) : piece;
  })();
  for await (const event of jsonEvents(bytes)) events.push(event);
  return events;
}

describe('events of a stream', () => {
  test('come out whole wherever the pieces are cut, in the middle of a character too', async () => {
    const whole = encoder.encode('data: {"a":"ü€"}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n');
    for (let at = 1; at < whole.length; at++) {
      expect(await read(whole.subarray(0, at), whole.subarray(at))).toEqual([{ a: 'ü€' }, { b: 2 }]);
    }
  });

  test('line ends with a carriage return, comments, other fields, no blank after the colon, data over several lines', async () => {
    expect(await read(': hello\r\nevent: x\r\nid: 1\r\ndata:{"a":\r\ndata: 1}\r\n\r\n')).toEqual([{ a: 1 }]);
  });

  test('nothing after [DONE] is read, and an event without its blank line is none', async () => {
    expect(await read('data: [DONE]\n\ndata: {"a":1}\n\n')).toEqual([]);
    expect(await read('data: {"a":1}')).toEqual([]);
  });

  test('an error in the stream is thrown with its code, what is no JSON as a SyntaxError', async () => {
    await expect(read('data: {"error":{"message":"m","type":"t","code":"overloaded"}}\n\n')).rejects.toMatchObject({
      message: 'm',
      type: 't',
      code: 'overloaded',
    });
    await expect(read('data: {"error":"plain"}\n\n')).rejects.toMatchObject({ message: 'plain' });
    await expect(read('data: {"a"\n\n')).rejects.toBeInstanceOf(SyntaxError);
  });
});
