import { FlockworkError } from '../../../protocols/errors/error.ts';
import * as bounds from './bounds.ts';

/**
 * Who holds a message. The server lets a stale holder acknowledge what another has got since, so the holder must
 * know by itself when its claim is over: by its own clock, or because this process saw a later delivery.
 */
export class Claim {
  readonly #ackWaitMs: number;
  readonly #what: string;
  #until: number;
  #state: 'held' | 'settled' | 'lost' = 'held';

  constructor(ackWaitMs: number, what: string, since: number) {
    this.#ackWaitMs = ackWaitMs;
    this.#what = what;
    this.#until = this.#deadline(since);
  }

  /** Throws `closed` when the message is no longer this holder's. */
  check(): void {
    if (this.#state === 'held' && performance.now() >= this.#until) this.#state = 'lost';
    if (this.#state === 'held') return;
    const why = this.#state === 'settled' ? 'it was settled before' : 'its claim has expired, it may be with another';
    throw new FlockworkError('closed', `${this.#what} is no longer held: ${why}; stop working on it`, { details: { message: this.#what } });
  }

  lose(): void {
    if (this.#state === 'held') this.#state = 'lost';
  }

  settle(): void {
    this.#state = 'settled';
  }

  /** The server confirmed a renewal that was asked for at `asked`. */
  renew(asked: number): void {
    this.check();
    this.#until = this.#deadline(asked);
  }

  #deadline(since: number): number {
    return since + this.#ackWaitMs - Math.min(bounds.claimMarginMs, this.#ackWaitMs / 10);
  }
}

/** The claims of this process by the sequence of the message. */
export class Claims {
  readonly #held = new Map<number, Claim>();

  /** A later delivery of the same message ends the claim of the earlier one. */
  take(sequence: number, claim: Claim): void {
    this.#held.get(sequence)?.lose();
    this.#held.delete(sequence);
    this.#held.set(sequence, claim);
    // What expired and went to another process is not dropped by anybody else.
    const oldest = this.#held.size > bounds.claimedMessagesMax ? this.#held.keys().next().value : undefined;
    if (oldest !== undefined) this.#held.delete(oldest);
  }

  drop(sequence: number, claim: Claim): void {
    if (this.#held.get(sequence) === claim) this.#held.delete(sequence);
  }
}
