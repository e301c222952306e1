import type { Failure } from '../../protocols/errors/error.ts';
import type { ActorAddress } from '../../protocols/subjects.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Journal } from '../ports/journal.ts';
import type { Observer } from '../ports/observer.ts';
import type { CellBounds } from './bounds.ts';
import type { DeadInputs } from './dead-letters.ts';
import type { Request } from './kind.ts';
import type { Kinds } from './kinds.ts';

/** What performs a cell's requests sees of it. */
export interface EffectContext {
  readonly address: ActorAddress;
  /** The idempotency key, `<stream>:<asked>`. */
  readonly key: string;
  readonly epoch: number;
  /** The table as it is when the effect starts: read only. */
  readonly table: unknown;
  readonly signal: AbortSignal;
}

/** Performs one request. What it resolves with becomes the input that settles it; undefined = it has no answer of its own. */
export type Perform = (request: Request, context: EffectContext) => Promise<{ readonly type: string; readonly [field: string]: unknown } | undefined>;

export type CellEnd =
  | { readonly reason: 'ended' | 'passivated' | 'conflict' | 'ownership_lost' | 'stopped' }
  | { readonly reason: 'failed'; readonly failure: Failure };

export interface CellOptions {
  readonly address: ActorAddress;
  readonly stream: string;
  readonly kinds: Kinds;
  readonly node: string;
  readonly ports: { readonly journal: Journal; readonly blobs: Blobs; readonly clock: Clock; readonly ids: Ids };
  readonly perform: Perform;
  readonly bounds: CellBounds;
  /** The local ownership deadline, asked just before each effect. */
  readonly mayStart: () => boolean;
  readonly onDead: DeadInputs;
  /** Stops the cell, also while it is still being made or opened. */
  readonly signal?: AbortSignal;
  readonly observe?: Observer;
  readonly parent?: string;
  readonly restarts?: number;
}

export type PostResult = 'stored' | 'duplicate' | 'dropped';
