import { splitRecord } from '../../protocols/journal/record.ts';
import { recordVersion } from '../../protocols/journal/version.ts';
import type { Blobs } from '../ports/blobs.ts';
import { type Journal, nothingBefore, type Position } from '../ports/journal.ts';
import { chainStart, textHash } from './chain.ts';
import { Fold, type FoldState } from './fold.ts';
import type { ActorKind } from './kind.ts';
import type { Kinds } from './kinds.ts';
import { openRecord } from './records.ts';

/** An actor as its journal tells it, and where the next append goes. */
export interface Loaded {
  /** Undefined for an empty journal. */
  readonly fold: Fold | undefined;
  readonly position: Position;
  /** The hash of the last record. */
  readonly hash: string;
  /** The number of the record that the snapshot used was taken at; 0 without one. */
  readonly snapshotAt: number;
}

interface Snapshot {
  readonly v: number;
  readonly machine: string;
  readonly version: number;
  readonly position: Position;
  readonly hash: string;
  readonly state: FoldState;
}

/** The name of the blob that holds an actor's newest snapshot. */
export function snapshotName(stream: string): string {
  return `${stream.replaceAll('.', '/')}/newest`;
}

/** Writes the newest snapshot of an actor and answers its size in bytes. Losing it costs time, never truth. */
export async function storeSnapshot(blobs: Blobs, fold: Fold, position: Position, hash: string): Promise<number> {
  const snapshot: Snapshot = { v: recordVersion, machine: fold.kind.machine, version: fold.kind.version, position, hash, state: fold.toState() };
  const text = JSON.stringify(snapshot);
  const bytes = new TextEncoder().encode(`${textHash(text)} ${text}`);
  await blobs.putNamed(snapshotName(fold.stream), bytes);
  return bytes.length;
}

/** Folds a journal from its newest snapshot, or from the beginning where there is none that this node can use and that the journal knows. */
export async function loadFold(ports: { journal: Journal; blobs: Blobs }, kinds: Kinds, stream: string, seenMax: number): Promise<Loaded> {
  const snapshot = await readSnapshot(ports.blobs, stream);
  const fromSnapshot = snapshot === undefined ? undefined : await foldFrom(ports.journal, kinds, stream, seenMax, snapshot);
  return fromSnapshot ?? (await foldAll(ports.journal, kinds, stream, seenMax));
}

async function foldAll(journal: Journal, kinds: Kinds, stream: string, seenMax: number): Promise<Loaded> {
  let fold: Fold | undefined;
  let position = nothingBefore;
  let hash = chainStart(stream);
  for await (const entry of journal.read(stream)) {
    for (const line of entry.records) {
      const record = openRecord(stream, hash, (fold?.n ?? 0) + 1, line);
      fold ??= new Fold(kinds.of(record.input, stream), stream, seenMax);
      fold.step(record.input, record.at);
      hash = record.hash;
    }
    position = entry.position;
  }
  return { fold, position, hash, snapshotAt: 0 };
}

/** Undefined when the journal does not hold the record that the snapshot was taken at: it was restored from an older copy, and may have gone on in another way. */
async function foldFrom(journal: Journal, kinds: Kinds, stream: string, seenMax: number, snapshot: Snapshot): Promise<Loaded | undefined> {
  let fold: Fold | undefined;
  let { position, hash } = snapshot;
  for await (const entry of journal.read(stream, { after: Number(position) - 1 })) {
    if (fold === undefined) {
      if (entry.position !== position || splitRecord(entry.records.at(-1) ?? '').hash !== hash) return undefined;
      fold = new Fold(kindOf(kinds, snapshot, stream), stream, seenMax, snapshot.state);
      continue;
    }
    for (const line of entry.records) {
      const record = openRecord(stream, hash, fold.n + 1, line);
      fold.step(record.input, record.at);
      hash = record.hash;
    }
    position = entry.position;
  }
  return fold === undefined ? undefined : { fold, position, hash, snapshotAt: snapshot.state.n };
}

function kindOf(kinds: Kinds, snapshot: Snapshot, stream: string): ActorKind {
  return kinds.of({ type: 'snapshot', machine: snapshot.machine, version: snapshot.version }, stream);
}

async function readSnapshot(blobs: Blobs, stream: string): Promise<Snapshot | undefined> {
  const bytes = await blobs.getNamed(snapshotName(stream));
  if (bytes === undefined) return undefined;
  // Stored as `<sha256> <json>`: one that is damaged is passed over, for the journal holds everything.
  const text = new TextDecoder().decode(bytes);
  const json = text.slice(65);
  if (json === '' || text.slice(0, 65) !== `${textHash(json)} `) return undefined;
  const snapshot = JSON.parse(json) as Snapshot;
  return snapshot.v === recordVersion ? snapshot : undefined;
}
