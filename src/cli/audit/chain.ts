import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { FlockworkError } from '../../../protocols/errors/error.ts';

/**
 * The shape of an export: JSON lines, each with the hash of everything before it and itself, and a last line of type `head` that may be
 * signed. History: 1: first (2026-11).
 */
export const exportVersion = 1;

const beginning = hash('sha256', `flockwork audit export ${exportVersion}`);
const ed25519 = 'ed25519';

/** Makes the lines of one export. */
export class ExportChain {
  #hash = beginning;
  #lines = 0;

  /** The next line, chained to those before it. */
  line(fields: Readonly<Record<string, unknown>>): string {
    const body = JSON.stringify(fields);
    this.#hash = next(this.#hash, body);
    this.#lines++;
    return `${body.slice(0, -1)},"hash":"${this.#hash}"}`;
  }

  /** The last line; signed with an Ed25519 key, if there is one. */
  head(key: KeyObject | undefined): string {
    const head = { type: 'head', lines: this.#lines, head: this.#hash };
    if (key === undefined) return JSON.stringify(head);
    const signature = sign(null, signedText(head.lines, head.head), key).toString('base64');
    return JSON.stringify({ ...head, algorithm: ed25519, signature });
  }
}

export interface ExportReport {
  readonly ok: boolean;
  readonly lines: number;
  readonly goals: number;
  /** `absent`: there is no signature. `unchecked`: there is one, and no public key was named. */
  readonly signature: 'valid' | 'invalid' | 'absent' | 'unchecked';
  /** Names the first line that does not follow. */
  readonly problem?: string;
}

/** Checks an export, line by line. */
export async function checkExport(lines: AsyncIterable<string>, publicKey: KeyObject | undefined): Promise<ExportReport> {
  let [previous, count, goals, number] = [beginning, 0, 0, 0];
  let head: Record<string, unknown> | undefined;
  const broken = (problem: string): ExportReport => ({
    ok: false,
    lines: count,
    goals,
    signature: head?.['signature'] === undefined ? 'absent' : 'unchecked',
    problem,
  });
  for await (const line of lines) {
    number++;
    if (line === '') continue;
    if (head !== undefined) return broken(`line ${number} stands after the head`);
    const fields = objectOf(line);
    if (fields === undefined) return broken(`line ${number} is not a JSON object`);
    if (fields['type'] === 'head') {
      head = fields;
      continue;
    }
    const { hash: told } = fields;
    const suffix = `,"hash":"${String(told)}"}`;
    previous = line.endsWith(suffix) ? next(previous, `${line.slice(0, -suffix.length)}}`) : '';
    if (previous !== told) return broken(`line ${number} does not follow the line before it: it, or one before it, was changed, taken out or put in`);
    if (fields['type'] === 'goal') goals++;
    count++;
  }
  if (head === undefined) return broken('there is no head: the end is cut off');
  if (head['lines'] !== count || head['head'] !== previous) return broken(`the head is of ${String(head['lines'])} lines, and there are ${count}`);
  if (typeof head['signature'] !== 'string')
    return publicKey === undefined ? { ok: true, lines: count, goals, signature: 'absent' } : broken('there is no signature');
  if (publicKey === undefined) return { ok: true, lines: count, goals, signature: 'unchecked' };
  const valid = verify(null, signedText(count, previous), publicKey, Buffer.from(head['signature'], 'base64'));
  return valid
    ? { ok: true, lines: count, goals, signature: 'valid' }
    : { ok: false, lines: count, goals, signature: 'invalid', problem: 'the signature is not of this key and these lines' };
}

/** Reads a key in PEM form. Throws `usage` unless it is an Ed25519 key. */
export function readKey(pem: string, kind: 'private' | 'public', name: string): KeyObject {
  try {
    const key = kind === 'private' ? createPrivateKey(pem) : createPublicKey(pem);
    if (key.asymmetricKeyType === ed25519) return key;
  } catch (cause) {
    throw new FlockworkError('usage', `${name} is not a ${kind} key in PEM form; make one with openssl genpkey -algorithm ed25519`, { cause });
  }
  throw new FlockworkError('usage', `${name} is not an Ed25519 key; make one with openssl genpkey -algorithm ed25519`);
}

function next(previous: string, body: string): string {
  return hash('sha256', `${previous} ${body}`);
}

function signedText(lines: number, head: string): Buffer {
  return Buffer.from(`flockwork audit export ${exportVersion} ${lines} ${head}`);
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
