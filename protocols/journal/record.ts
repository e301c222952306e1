import { z } from 'zod';
import { factTypes } from './facts.ts';
import { recordVersion } from './version.ts';

/** The largest fact, in bytes of its JSON; what is larger goes to a blob before the append. */
export const factBytesMax = 65_536;
/** The largest record, in bytes. */
export const recordBytesMax = 524_288;
/** The most records of one append. */
export const appendRecordsMax = 64;

/** What every input has; the rest of its fields belong to the machine that takes it. */
export const recordInput = z.looseObject({
  type: z
    .string()
    .min(1)
    .refine((type) => !type.startsWith('xstate.'), 'event types that begin with xstate. are refused'),
  /** The id of a message that came through an inbox or from another actor; the same id is journaled once. */
  id: z.string().optional(),
  /** `<stream>:<asked>` of the request that this input settles. */
  key: z.string().optional(),
});
export type RecordInput = z.infer<typeof recordInput>;

const fact = z.object({ seq: z.int().min(1), type: z.enum(factTypes), data: z.record(z.string(), z.unknown()) });

/**
 * The body of one record: one input and the facts that the machine decided on it. These bytes are stored and hashed
 * as they are, never serialised again.
 */
export const recordBody = z.object({
  n: z.int().min(1),
  at: z.int().min(0),
  v: z.int().min(1).max(recordVersion),
  input: recordInput,
  facts: z.array(fact),
});
export type RecordBody = z.infer<typeof recordBody>;

/**
 * A record as stored: one line `<hash> <salt> <body>`. `hash` and `salt` are lower-case hex (64 and 32 characters),
 * `body` is the JSON of `recordBody`. Kept apart so that redaction can remove salt and body and keep the chain.
 */
export function formatRecord(hash: string, salt: string, body: string): string {
  return `${hash} ${salt} ${body}`;
}

export interface StoredRecord {
  readonly hash: string;
  readonly salt: string;
  readonly body: string;
}

export function splitRecord(line: string): StoredRecord {
  return { hash: line.slice(0, 64), salt: line.slice(65, 97), body: line.slice(98) };
}
