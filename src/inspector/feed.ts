import type { SeenActor, TapeStep } from './hub.ts';
import type { PageMessage } from './protocol.ts';
import type { UsageTold } from './usage/usage-view.ts';

/** The way out to one reader. */
export interface PageOut {
  /** Bytes that the reader has not taken yet. */
  readonly bufferedBytes: number;
  send(text: string): void;
}

/** What the other nodes told. */
export interface Elsewhere {
  /** Changed actors that they have not told yet. */
  readonly behind: number;
  readonly usage: readonly UsageTold[];
}

export const nowhere: Elsewhere = { behind: 0, usage: [] };

/** One reader of a tenant's actors, whatever it is told in. */
export interface Feed {
  /** The actors that it watches in full, as `root/actor`. */
  readonly watched: readonly string[];
  /** True while it looks at tools or models. */
  readonly wantsUsage: boolean;
  /** Takes what the reader looks at. Throws `invalid_request`. */
  take(message: Exclude<PageMessage, { type: 'past' }>): void;
  /** Takes over what changed since the last tick: `lost` steps were more than the hub keeps. */
  mark(changed: ReadonlySet<SeenActor>, steps: readonly TapeStep[], lost: number): void;
  /** Tells what there is to tell, when the reader has read what it got. */
  tick(at: number, elsewhere?: Elsewhere): void;
  close(): void;
}
