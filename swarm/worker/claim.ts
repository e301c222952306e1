import type { Clock } from '../../actors/ports/clock.ts';
import type { Delivery } from '../../actors/ports/queue.ts';
import { deadlineShare } from './bounds.ts';

/**
 * The claim on one delivery: extended every third of ackWaitMs, and held only until deadlineShare of ackWaitMs
 * after the last time that the bus confirmed it, counted from before the question.
 */
export class Claim {
  readonly #delivery: Delivery;
  readonly #ackWaitMs: number;
  readonly #clock: Clock;
  #heldUntil: number;
  #disarm: (() => void) | undefined;
  #lost: (() => void) | undefined;
  #extended: (() => void) | undefined;
  #isLost = false;
  #released = false;

  constructor(delivery: Delivery, ackWaitMs: number, clock: Clock) {
    this.#delivery = delivery;
    this.#ackWaitMs = ackWaitMs;
    this.#clock = clock;
    this.#heldUntil = clock.now() + ackWaitMs * deadlineShare;
    this.#arm();
  }

  /** The local ownership deadline has not passed. */
  get held(): boolean {
    return !this.#released && this.#clock.now() < this.#heldUntil;
  }

  /** Called once when the claim cannot be confirmed in time; at once when that has happened before. */
  onLost(lost: () => void): void {
    this.#lost = lost;
    if (this.#isLost) lost();
  }

  /** Called each time that the bus has confirmed the claim: the heartbeat of the work. */
  onExtended(extended: () => void): void {
    this.#extended = extended;
  }

  release(): void {
    this.#released = true;
    this.#disarm?.();
  }

  #arm(): void {
    this.#disarm = this.#clock.timer(this.#ackWaitMs / 3, () => void this.#extend());
  }

  async #extend(): Promise<void> {
    const before = this.#clock.now();
    try {
      await this.#delivery.working();
      this.#heldUntil = before + this.#ackWaitMs * deadlineShare;
      if (!this.#released) this.#extended?.();
    } catch {
      // Lost or out of reach: the deadline decides, and until then another try may be confirmed.
    }
    if (this.#released) return;
    if (this.held) this.#arm();
    else {
      this.#isLost = true;
      this.#lost?.();
    }
  }
}
