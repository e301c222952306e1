import type { Strategy } from './strategy.ts';

interface SingleState {
  begun: boolean;
  done: number | null;
  failed: number | null;
}

/** One agent for the whole goal. */
export const single: Strategy<SingleState> = {
  name: 'single',
  speculates: () => false,
  begin: () => ({ begun: false, done: null, failed: null }),
  next(state) {
    if (state.begun) return undefined;
    state.begun = true;
    return { role: 'single', name: 'the whole goal', place: [] };
  },
  completed(state, _place, { task }) {
    state.done = task;
    return [];
  },
  failed(state, _place, task) {
    state.failed = task;
    return [];
  },
  end(state) {
    if (state.done !== null) return { result: state.done, partial: 0 };
    return state.failed === null ? undefined : { failed: state.failed };
  },
  expected: () => 1,
};
