/** One step of an actor as the inspector keeps it. */
export interface Step {
  /** The number of the record. */
  readonly seq: number;
  /** When this node saw it, milliseconds since 1970. */
  readonly at: number;
  /** Numbers of names. */
  readonly event: number;
  readonly state: number;
}

const fields = 4;

/** The last steps of an actor, in one array of numbers. */
export class StepRing {
  readonly #numbers: number[] = [];
  readonly #max: number;
  #next = 0;

  constructor(stepsMax: number) {
    this.#max = stepsMax * fields;
  }

  clear(): void {
    this.#numbers.length = 0;
    this.#next = 0;
  }

  push(seq: number, at: number, event: number, state: number): void {
    const numbers = this.#numbers;
    const at0 = this.#next;
    numbers[at0] = seq;
    numbers[at0 + 1] = at;
    numbers[at0 + 2] = event;
    numbers[at0 + 3] = state;
    this.#next = (at0 + fields) % this.#max;
  }

  /** The oldest first. */
  list(): Step[] {
    const numbers = this.#numbers;
    const begin = numbers.length < this.#max ? 0 : this.#next;
    const steps: Step[] = [];
    for (let done = 0; done < numbers.length; done += fields) {
      const [seq = 0, at = 0, event = 0, state = 0] = numbers.slice((begin + done) % this.#max, ((begin + done) % this.#max) + fields);
      steps.push({ seq, at, event, state });
    }
    return steps;
  }
}
