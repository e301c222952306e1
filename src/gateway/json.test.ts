import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeJson } from './json.ts';

const refused = { code: 'invalid_json' };

describe('decodeJson', () => {
  test('reads whatever JSON.stringify writes, as text and as bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(decodeJson(text, 64)).toEqual(JSON.parse(text));
        expect(decodeJson(Buffer.from(text), 64)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('the depth bound is exact, and counts no bracket inside a string', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(decodeJson(nested(64), 64)).toBeDefined();
    expect(() => decodeJson(nested(65), 64)).toThrow(expect.objectContaining(refused));
    expect(decodeJson(JSON.stringify({ a: '\\"[{'.repeat(100), b: '\\' }), 1)).toBeDefined();
    expect(() => decodeJson('{"a":"\\\\",[[', 2)).toThrow(expect.objectContaining(refused));
  });

  test('never throws anything but invalid_json, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeJson(bytes, 8);
        } catch (error) {
          expect(error).toMatchObject(refused);
        }
      }),
    );
    expect(() => decodeJson(new Uint8Array([0x22, 0xc3, 0x28, 0x22]), 8)).toThrow(/UTF-8/);
    expect(() => decodeJson('"unfinished', 8)).toThrow(expect.objectContaining(refused));
  });
});
