import type { JournalEntry } from '../../../actors/ports/journal.ts';

const decoder = new TextDecoder();

/** A message of the journal's stream as an entry: its records are the lines of the body. */
export function entryOf(stream: string, sequence: number, data: Uint8Array): JournalEntry {
  return { sequence, stream, position: String(sequence), records: decoder.decode(data).split('\n') };
}
