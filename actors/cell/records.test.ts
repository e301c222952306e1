import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Failure, failureOf } from '../../protocols/errors/error.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { factBytesMax, formatRecord, recordBytesMax } from '../../protocols/journal/record.ts';
import { chainHash, chainStart } from './chain.ts';
import { openRecord, sealRecord } from './records.ts';

const stream = 'flock.acme.journal.1.g1.coordinator';
const salt = (n: number): string => n.toString(16).padStart(32, '0');
const fact = (seq: number, text = 'x'): Fact => ({ seq, type: 'vote.cast', data: { text } });

function chain(length: number): string[] {
  let previous = chainStart(stream);
  return Array.from({ length }, (_, index) => {
    const n = index + 1;
    const { line, hash } = sealRecord(previous, { n, at: 1_000 + n, inputJson: `{"type":"goal.note","text":"näher ${n}"}`, facts: [fact(n)] }, salt(n));
    previous = hash;
    return line;
  });
}

/** Opens the lines in order; the failure of the first that does not follow. */
function failureIn(lines: readonly string[]): Failure | undefined {
  let previous = chainStart(stream);
  for (const [index, line] of lines.entries()) {
    try {
      previous = openRecord(stream, previous, index + 1, line).hash;
    } catch (error) {
      return failureOf(error);
    }
  }
  return undefined;
}

const nameOf = (failure: Failure | undefined): unknown => [failure?.code, failure?.details?.['n'], failure?.details?.['stream']];

describe('the hash chain', () => {
  test('a whole chain opens, and gives back what was sealed', () => {
    const lines = chain(4);
    expect(failureIn(lines)).toBeUndefined();
    expect(openRecord(stream, chainStart(stream), 1, lines[0] ?? '')).toMatchObject({
      n: 1,
      at: 1_001,
      input: { type: 'goal.note', text: 'näher 1' },
      facts: [fact(1)],
    });
  });

  test('a flip of any bit of any byte is found, and its record named', () => {
    const lines = chain(3);
    const bytes = Buffer.from(lines[1] ?? '');
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const failure = failureIn([lines[0] ?? '', flipped.toString('utf8'), lines[2] ?? '']);
        expect(nameOf(failure), `byte ${at}, bit ${bit}`).toEqual(['journal_corrupt', 2, stream]);
      }
    }
  });

  test.each([
    ['two records change places', (lines: string[]) => [lines[1], lines[0], lines[2]], 1],
    ['one is missing', (lines: string[]) => [lines[0], lines[2]], 2],
    ['one stands twice', (lines: string[]) => [lines[0], lines[0], lines[1]], 2],
    ['one is cut short', (lines: string[]) => [lines[0], lines[1]?.slice(0, 90), lines[2]], 2],
    ['one is empty', (lines: string[]) => [lines[0], '', lines[2]], 2],
    ['the body is null', (lines: string[]) => [lines[0], `${lines[1]?.slice(0, 98)}null`, lines[2]], 2],
    ['the body is a number', (lines: string[]) => [lines[0], `${lines[1]?.slice(0, 98)}7`, lines[2]], 2],
  ])('when %s, the record is named', (_what, change, n) => {
    const lines = change(chain(3)).map((line) => line ?? '');
    expect(nameOf(failureIn(lines))).toEqual(['journal_corrupt', n, stream]);
  });

  test('records of one stream do not open in another', () => {
    expect(() => openRecord('flock.acme.journal.1.g1.other', chainStart('flock.acme.journal.1.g1.other'), 1, chain(1)[0] ?? '')).toThrow(/hash/);
  });

  test('salt and body can be removed and the chain after them still verifies', () => {
    const [first = ''] = chain(1);
    const { hash } = openRecord(stream, chainStart(stream), 1, first);
    const inner = first.slice(98);
    expect(chainHash(chainStart(stream), { n: 1, at: 1_001, v: 1 }, salt(1), inner)).toBe(hash);
  });

  test('a record of a version from tomorrow says: upgrade', () => {
    const body = '{"n":1,"at":1,"v":99,"input":{"type":"x"},"facts":[]}';
    const line = formatRecord(chainHash(chainStart(stream), { n: 1, at: 1, v: 99 }, salt(1), body), salt(1), body);
    expect(failureIn([line])?.code).toBe('machine_unknown');
  });

  test('whatever an input holds, it comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const inputJson = JSON.stringify({ type: 'x', value, text });
        const { line } = sealRecord(chainStart(stream), { n: 1, at: 5, inputJson, facts: [] }, salt(1));
        expect(line).not.toContain('\n');
        expect(openRecord(stream, chainStart(stream), 1, line).input).toEqual(JSON.parse(inputJson));
      }),
    );
  });
});

describe('the bounds of a record', () => {
  const sealing = (inputJson: string, facts: readonly Fact[]): Failure | undefined => {
    try {
      sealRecord(chainStart(stream), { n: 1, at: 1, inputJson, facts }, salt(1));
      return undefined;
    } catch (error) {
      return failureOf(error);
    }
  };
  const factOf = (bytes: number, letter: string): Fact => {
    const empty = Buffer.byteLength(JSON.stringify(fact(1, '')));
    return fact(1, letter.repeat((bytes - empty) / Buffer.byteLength(letter)));
  };

  test.each(['x', 'é'])('a fact of exactly its bound passes, one byte more does not (%s)', (letter) => {
    const even = factBytesMax + (letter === 'é' && (factBytesMax - Buffer.byteLength(JSON.stringify(fact(1, '')))) % 2 === 1 ? -1 : 0);
    expect(sealing('{"type":"x"}', [factOf(even, letter)])).toBeUndefined();
    expect(sealing('{"type":"x"}', [factOf(even + Buffer.byteLength(letter), letter)])?.code).toBe('record_too_large');
  });

  test('a record above its bound does not pass, and the error counts bytes, not characters', () => {
    const inputJson = JSON.stringify({ type: 'x', text: '汉'.repeat(recordBytesMax / 3) });
    const failure = sealing(inputJson, []);
    expect(failure?.code).toBe('record_too_large');
    expect(Number(failure?.details?.['bytes'])).toBeGreaterThan(recordBytesMax);
  });
});
