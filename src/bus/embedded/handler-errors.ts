import { failureOf } from '../../../protocols/errors/error.ts';

/** Where the throws of followers and subscribers go: nobody awaits them, and they may hurt nobody else. */
export class HandlerErrors {
  readonly #report: (error: unknown) => void;
  #count = 0;

  /** Without a report each becomes a warning of the process. */
  constructor(report?: (error: unknown) => void) {
    this.#report = report ?? ((error) => process.emitWarning(`a handler of the bus threw: ${failureOf(error).message}`, 'FlockworkWarning'));
  }

  get count(): number {
    return this.#count;
  }

  /** Runs a handler; what it throws is counted and reported. */
  guard(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#count++;
      this.#report(error);
    }
  }
}
