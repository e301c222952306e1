import { assign, emit, setup } from 'xstate';
import type { JsonObject } from '../../protocols/journal/facts.ts';
import type { Emitted, Verdict } from './kind.ts';

interface ChartEvent {
  readonly type: string;
  readonly verdict: Verdict;
}

/** What a chart emits with each move: facts and requests, in the order that the reducer gave. */
export interface ChartEmitted {
  readonly type: 'carried';
  readonly emit: readonly Emitted[];
}

/**
 * The states of a machine and the moves between them: for each state, for each input type, where it may lead.
 * A target `'stay'` keeps the state. Whatever is not listed is refused.
 */
export type Moves<State extends string> = {
  readonly [S in State]: {
    /** Ends the actor: an XState final state. */
    readonly final?: true;
    /** Marks states, for instance `ended` for one that still takes late inputs. */
    readonly tags?: readonly string[];
    readonly on?: { readonly [input: string]: readonly (State | 'stay')[] };
    readonly description?: string;
  };
};

const base = setup({
  types: { context: {} as JsonObject, events: {} as ChartEvent, emitted: {} as ChartEmitted },
  actions: {
    show: assign(({ context, event }) => event.verdict.context ?? context),
    // All at once: an emission for each costs more than the whole step.
    carry: emit(({ event }) => ({ type: 'carried' as const, emit: event.verdict.emit })),
  },
  guards: { leadsTo: ({ event }, params: { state: string }) => event.verdict.go === params.state, stays: ({ event }) => event.verdict.go === undefined },
});

/** Makes the statechart of a decider from its moves: each is guarded by the verdict that came with the input. */
export function chartOf<State extends string>(id: string, initial: State, moves: Moves<State>): ReturnType<typeof base.createMachine> {
  const states: Record<string, object> = {};
  for (const name of Object.keys(moves) as State[]) {
    const { final, tags, on, description } = moves[name];
    const transitions: Record<string, object[]> = {};
    for (const [input, targets] of Object.entries(on ?? {})) {
      transitions[input] = targets.map((target) =>
        target === 'stay'
          ? { guard: 'stays', actions: ['show', 'carry'] }
          : { guard: { type: 'leadsTo', params: { state: target } }, target: `#${id}.${target}`, actions: ['show', 'carry'] },
      );
    }
    states[name] = { ...(final ? { type: 'final' } : {}), ...(tags ? { tags: [...tags] } : {}), ...(description ? { description } : {}), on: transitions };
  }
  return base.createMachine({ id, initial, context: {}, states } as Parameters<typeof base.createMachine>[0]);
}
