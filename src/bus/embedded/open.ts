import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { Projector } from '../../../actors/ports/projection.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { EmbeddedBlobs } from './blobs.ts';
import { openDatabase, type Sync } from './database.ts';
import { DedupeWindow } from './dedupe-window.ts';
import { DurableFiles, makeFolder } from './durable-file.ts';
import { lockFolder } from './folder-lock.ts';
import { Followers } from './followers.ts';
import { GroupCommit } from './group-commit.ts';
import { HandlerErrors } from './handler-errors.ts';
import { EmbeddedJournal } from './journal.ts';
import { JournalReader } from './journal-reader.ts';
import { EmbeddedProjection } from './projection.ts';
import { EmbeddedPubsub } from './pubsub.ts';
import { EmbeddedQueue } from './queue.ts';
import { inboxKind, tasksKind } from './queue-subjects.ts';
import { EmbeddedRegistry } from './registry.ts';
import { storeError } from './store-error.ts';

export interface EmbeddedBusOptions {
  /** The data folder; made when it is not there. One process at a time owns it. */
  readonly folder: string;
  /** The index that is kept beside the journal. */
  readonly projector: Projector;
  /** Default `full`. */
  readonly sync?: Sync;
  /** Called after each transaction that changed something, with its number of requests, before they are answered. */
  readonly onCommit?: (requests: number) => void;
  /** What a follower or subscriber threw; default a warning of the process. */
  readonly onHandlerError?: (error: unknown) => void;
  /** Of both queues, in milliseconds; default 30,000. */
  readonly ackWaitMs?: number;
  /** Milliseconds; default 120,000. */
  readonly dedupeMs?: number;
  readonly dedupeIdsMax?: number;
  readonly deadLettersMax?: number;
  readonly pendingMessagesMax?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What the bus has done since it was opened. */
export interface EmbeddedFigures {
  /** Transactions that changed something; with `sync` full each was one fsync of the log. */
  readonly commits: number;
  readonly entries: number;
  readonly liveMessagesDropped: number;
  readonly deadLettersDropped: number;
  readonly handlerErrors: number;
}

export interface EmbeddedBus extends Bus {
  readonly kind: 'embedded';
  figures(): EmbeddedFigures;
}

async function prepareFolder(folder: string, sync: Sync): Promise<void> {
  try {
    await makeFolder(folder, sync);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new FlockworkError(
      'data_dir_unusable',
      `the data folder ${folder} cannot be made or written (${error instanceof Error ? error.message : String(error)}); choose another with --data-dir`,
      {
        cause: error,
        details: { folder },
      },
    );
  }
}

/** Opens the bus of one process on a data folder. Throws `data_dir_locked`, `data_dir_unusable`, `journal_corrupt`, `store_full`. */
export async function openEmbeddedBus(options: EmbeddedBusOptions): Promise<EmbeddedBus> {
  await prepareFolder(options.folder, options.sync ?? 'full');
  const unlock = lockFolder(options.folder);
  let database: DatabaseSync | undefined;
  try {
    database = openDatabase(options.folder, options.sync ?? 'full');
    return await assemble(options, database, unlock);
  } catch (error) {
    database?.close();
    unlock();
    throw storeError(error, `open the bus in ${options.folder}`);
  }
}

async function assemble(options: EmbeddedBusOptions, database: DatabaseSync, unlock: () => void): Promise<EmbeddedBus> {
  const now = options.now ?? Date.now;
  const errors = new HandlerErrors(options.onHandlerError);
  const commits = new GroupCommit(database, options.onCommit);
  const reader = new JournalReader(database);
  const followers = new Followers(errors);
  const index = new EmbeddedProjection(database, { commits, reader, projector: options.projector });
  const journal = new EmbeddedJournal(database, { commits, reader, followers, projection: index });
  const dedupe = new DedupeWindow(database, options);
  const queueParts = { commits, dedupe, now, ...options };
  const tasks = new EmbeddedQueue(database, tasksKind, queueParts);
  const inbox = new EmbeddedQueue(database, inboxKind, queueParts);
  const registry = new EmbeddedRegistry(database, { commits, now });
  const pubsub = new EmbeddedPubsub({ errors, ...options });
  const files = new DurableFiles(join(options.folder, 'tmp'), options.sync ?? 'full');
  const blobs = new EmbeddedBlobs(options.folder, files);
  for (const participant of [journal, tasks, inbox]) commits.join(participant);

  await files.clear();
  await commits.run('clear the claims of the last owner', () => {
    dedupe.sweep(now());
    tasks.releaseAll();
    inbox.releaseAll();
    registry.releaseAll();
  });
  await index.catchUp();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    commits.close();
    for (const queue of [tasks, inbox]) queue.close();
    followers.clear();
    pubsub.close();
    database.close();
    unlock();
  };
  return {
    kind: 'embedded',
    journal,
    tasks,
    inbox,
    registry,
    pubsub,
    blobs,
    index,
    close: () => (closing ??= close()),
    figures: () => ({
      commits: commits.commits,
      entries: journal.entries,
      liveMessagesDropped: pubsub.dropped,
      deadLettersDropped: tasks.deadLettersDropped + inbox.deadLettersDropped,
      handlerErrors: errors.count,
    }),
  };
}
