import { assign, enqueueActions, setup } from 'xstate';
import type { JsonObject } from '../../protocols/journal/facts.ts';
import type { Emitted, Verdict } from './kind.ts';

interface ChartEvent {
  readonly type: string;
  readonly verdict: Verdict;
}

/** What a chart emits: facts and requests, in the order that the reducer gave. */
type ChartEmitted = { readonly type: 'fact' } & Extract<Emitted, { fact: unknown }> | ({ readonly type: 'request' } & Extract<Emitted, { request: unknown }>);

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
    carry: enqueueActions(({ event, enqueue }) => {
      const { context, emit } = event.verdict;
      if (context !== undefined) enqueue(assign(() => context));
      for (const out of emit) enqueue.emit('fact' in out ? { type: 'fact', ...out } : { type: 'request', ...out });
    }),
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
          ? { guard: 'stays', actions: 'carry' }
          : { guard: { type: 'leadsTo', params: { state: target } }, target: `#${id}.${target}`, actions: 'carry' },
      );
    }
    states[name] = { ...(final ? { type: 'final' } : {}), ...(tags ? { tags: [...tags] } : {}), ...(description ? { description } : {}), on: transitions };
  }
  return base.createMachine({ id, initial, context: {}, states } as Parameters<typeof base.createMachine>[0]);
}
