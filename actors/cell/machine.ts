import { type Actor, type AnyStateMachine, createActor, type SnapshotFrom } from 'xstate';
import type { ChartEmitted } from './chart.ts';
import type { Emitted, StampedInput, Verdict } from './kind.ts';

type Snapshot = SnapshotFrom<AnyStateMachine>;

/**
 * The statechart of one fold. The XState actor that runs it is made anew for an input that comes after a rest: it holds nothing but the
 * snapshot, and would be a third of what an idle cell keeps in memory.
 */
export class Machine {
  readonly #chart: AnyStateMachine;
  #actor: Actor<AnyStateMachine> | undefined;
  #snapshot: Snapshot;
  #carried: readonly Emitted[] = [];
  #failure: unknown;

  /** In its first state, or in that of a snapshot. */
  constructor(chart: AnyStateMachine, from?: { readonly value: unknown; readonly context: unknown; readonly status: string }) {
    this.#chart = chart;
    this.#actor =
      from === undefined
        ? this.#start()
        : this.#start(chart.resolveState({ value: from.value as never, context: from.context, status: from.status as 'active' }));
    this.#snapshot = this.#actor.getSnapshot();
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Takes one input with its verdict; answers what the chart emitted, nothing where it refuses the input. Throws what an action or a guard threw. */
  send(input: StampedInput, verdict: Verdict): readonly Emitted[] {
    this.#actor ??= this.#start(this.#snapshot);
    this.#carried = [];
    this.#actor.send({ ...input, verdict });
    this.#snapshot = this.#actor.getSnapshot();
    if (this.#failure !== undefined) throw this.#failure;
    const carried = this.#carried;
    this.#carried = [];
    return carried;
  }

  /** Lets go of what is only needed while inputs come. */
  rest(): void {
    if (this.#snapshot.status !== 'active') return;
    this.#actor?.stop();
    this.#actor = undefined;
  }

  #start(snapshot?: Snapshot): Actor<AnyStateMachine> {
    const actor = createActor(this.#chart, snapshot === undefined ? {} : { snapshot });
    // Both listeners must stand before start: an error without an observer would end the process.
    actor.subscribe({ error: (error: unknown) => (this.#failure = error ?? new Error('the machine failed without an error')) });
    actor.on('carried', (out) => (this.#carried = (out as unknown as ChartEmitted).emit));
    return actor.start();
  }
}
