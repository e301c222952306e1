import { FlockworkError } from '../../protocols/errors/error.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { factBytesMax, formatRecord, recordBytesMax, splitRecord } from '../../protocols/journal/record.ts';
import { recordVersion } from '../../protocols/journal/version.ts';
import { chainHash } from './chain.ts';
import type { Input } from './kind.ts';

/** A record taken apart; its hash has been checked against the one before it. */
export interface OpenRecord {
  readonly n: number;
  readonly at: number;
  readonly input: Input;
  readonly facts: readonly Fact[];
  readonly hash: string;
}

/** Makes the line that is stored and hashed. `inputJson` is the input's only serialisation. Throws `record_too_large`. */
export function sealRecord(
  previous: string,
  record: { n: number; at: number; inputJson: string; facts: readonly Fact[] },
  salt: string,
): { line: string; hash: string } {
  const { n, at, inputJson, facts } = record;
  const factTexts = facts.map((one) => JSON.stringify(one));
  const body = `{"n":${n},"at":${at},"v":${recordVersion},"input":${inputJson},"facts":[${factTexts.join(',')}]}`;
  factTexts.forEach((text, index) => {
    if (bytesOver(text, factBytesMax)) throw tooLarge(`fact ${facts[index]?.type} of record ${n}`, text, factBytesMax);
  });
  if (bytesOver(body, recordBytesMax)) throw tooLarge(`record ${n}`, body, recordBytesMax);
  const hash = chainHash(previous, { n, at, v: recordVersion }, salt, body);
  return { line: formatRecord(hash, salt, body), hash };
}

/** Reads a line back and checks that it follows `previous`. Throws `journal_corrupt`, naming stream and record. */
export function openRecord(stream: string, previous: string, n: number, line: string): OpenRecord {
  const { hash, salt, body } = splitRecord(line);
  let parsed: { n: number; at: number; v: number; input: Input; facts: Fact[] };
  try {
    parsed = JSON.parse(body) as typeof parsed;
  } catch (cause) {
    throw corrupt(stream, n, 'is not JSON', cause);
  }
  // The blanks between hash, salt and body are the only bytes of a line that the hash does not cover.
  if (typeof parsed !== 'object' || parsed === null || line[64] !== ' ' || line[97] !== ' ') throw corrupt(stream, n, 'does not have the shape of a record');
  if (parsed.n !== n) throw corrupt(stream, n, `says it is record ${parsed.n}`);
  if (chainHash(previous, parsed, salt, body) !== hash) throw corrupt(stream, n, 'does not have the hash it was stored with');
  if (parsed.v > recordVersion) {
    throw new FlockworkError('machine_unknown', `record ${n} of ${stream} has version ${parsed.v}; this node reads up to ${recordVersion}: upgrade it`, {
      details: { stream, n },
    });
  }
  return { n, at: parsed.at, input: parsed.input, facts: parsed.facts, hash };
}

/** UTF-8 has at most three bytes for each unit of a string: most texts need not be counted. */
function bytesOver(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && new TextEncoder().encode(text).length > bytesMax;
}

function tooLarge(what: string, text: string, bytesMax: number): FlockworkError {
  const bytes = new TextEncoder().encode(text).length;
  return new FlockworkError('record_too_large', `${what} has ${bytes} bytes, above the bound of ${bytesMax}; store the value as a blob and name its hash`, {
    details: { bytes, bytesMax },
  });
}

function corrupt(stream: string, n: number, what: string, cause?: unknown): FlockworkError {
  return new FlockworkError('journal_corrupt', `record ${n} of ${stream} ${what}; restore the store from a backup and run: flockwork audit verify`, {
    cause,
    details: { stream, n },
  });
}
