import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCursor, parseCursor } from './cursor.ts';

const store = fc.stringMatching(/^[A-Za-z0-9_]{1,32}$/);
const cursor = fc.record({ store, sequence: fc.integer({ min: 0, max: 999_999_999_999_999 }), index: fc.integer({ min: 0, max: 999_999_999 }) });

describe('cursors', () => {
  test('what was formatted reads back', () => {
    fc.assert(
      fc.property(cursor, (given) => {
        expect(parseCursor(formatCursor(given), given.store)).toEqual(given);
      }),
    );
  });

  test.each([undefined, '', '0'])('%j is the beginning', (text) => {
    expect(parseCursor(text, 's1')).toBeUndefined();
  });

  test.each([
    ['of another store', 's2-1-0'],
    ['of a store whose name begins alike', 's11-1-0'],
    ['without an index', 's1-1'],
    ['with more after it', 's1-1-0-0'],
    ['with a negative sequence', 's1--1-0'],
    ['with a fraction', 's1-1.5-0'],
    ['with an exponent', 's1-1e3-0'],
    ['with blanks', ' s1-1-0'],
    ['with a line end', 's1-1-0\n'],
    ['with a sequence past what a number holds', 's1-9999999999999999-0'],
    ['that is a word', 'latest'],
    ['that is a number', '7'],
  ])('a cursor %s is cursor_unknown', (_, text) => {
    expect(() => parseCursor(text, 's1')).toThrow(expect.objectContaining({ code: 'cursor_unknown', retryable: false }));
  });

  test('any text either reads as a cursor of the store or is cursor_unknown, and the error repeats at most 64 characters of it', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 400 }).filter((text) => text !== '' && text !== '0'),
        (text) => {
          try {
            const read = parseCursor(text, 's1');
            expect(read?.store).toBe('s1');
          } catch (error) {
            expect(error).toMatchObject({ code: 'cursor_unknown' });
            expect(String(error).length).toBeLessThan(250);
          }
        },
      ),
    );
  });
});
