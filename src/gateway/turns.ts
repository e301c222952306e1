interface Waiting {
  readonly bytes: number;
  readonly go: () => void;
}

/** Spreads work over turns of the event loop: so many bytes in each, whoever asked first comes first. Who waits is bounded by the watches there may be. */
export class Turns {
  readonly #bytesMax: number;
  readonly #waiting: Waiting[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Resolves in a later turn that has room for so many bytes; what is larger than a whole turn gets one for itself. */
  take(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push({ bytes, go: resolve }) === 1) this.#schedule();
    });
  }

  #schedule(): void {
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    let taken = 0;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (taken > 0 && taken + next.bytes > this.#bytesMax) break;
      taken += next.bytes;
      this.#waiting.shift();
      next.go();
    }
    if (this.#waiting.length > 0) this.#schedule();
  }
}
