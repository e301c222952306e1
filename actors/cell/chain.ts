import { hash } from 'node:crypto';

const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** What the first record of a stream is chained to. */
export function chainStart(stream: string): string {
  return sha256(`flockwork journal ${stream}`);
}

/**
 * The hash of one record: H(previous, n, at, v, H(salt, body)). The inner hash lets redaction remove salt and body
 * and keep the chain verifiable; the salt keeps the removed body from being guessed.
 */
export function chainHash(previous: string, record: { n: number; at: number; v: number }, salt: string, body: string): string {
  return sha256(`${previous} ${record.n} ${record.at} ${record.v} ${sha256(`${salt} ${body}`)}`);
}

/** SHA-256 of a text, lower-case hex. */
export function textHash(text: string): string {
  return sha256(text);
}
