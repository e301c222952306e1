/** A first-in first-out queue with a bound for outsiders; insiders (answers, timers) always get in. */
export class Mailbox<Envelope> {
  #waiting: Envelope[] = [];
  #outsiders = 0;
  readonly #isOutsider: (envelope: Envelope) => boolean;
  readonly messagesMax: number;

  constructor(messagesMax: number, isOutsider: (envelope: Envelope) => boolean) {
    this.messagesMax = messagesMax;
    this.#isOutsider = isOutsider;
  }

  get depth(): number {
    return this.#waiting.length;
  }

  /** False when the bound for outsiders is reached; the envelope was not taken. */
  put(envelope: Envelope): boolean {
    if (this.#isOutsider(envelope)) {
      if (this.#outsiders >= this.messagesMax) return false;
      this.#outsiders += 1;
    }
    this.#waiting.push(envelope);
    return true;
  }

  /** Takes up to `max` from the front. */
  take(max: number): Envelope[] {
    const taken = this.#waiting.splice(0, max);
    for (const envelope of taken) if (this.#isOutsider(envelope)) this.#outsiders -= 1;
    return taken;
  }

  /** Puts back what was taken and not used, in front, in order. */
  putBack(envelopes: readonly Envelope[]): void {
    this.#waiting.unshift(...envelopes);
    for (const envelope of envelopes) if (this.#isOutsider(envelope)) this.#outsiders += 1;
  }
}
