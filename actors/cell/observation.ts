import type { Fact } from '../../protocols/journal/facts.ts';
import type { Observation } from '../ports/observer.ts';
import type { CellOptions } from './cell-options.ts';

/** One step as observers may see it: of the context only what the machine allows. */
export function observationOf(
  { address, parent, restarts = 0 }: Pick<CellOptions, 'address' | 'parent' | 'restarts'>,
  step: {
    machine: string;
    visibleContext: readonly string[];
    n: number;
    at: number;
    facts: readonly Fact[];
    event: string;
    state: string;
    context: Readonly<Record<string, unknown>>;
    mailboxDepth: number;
  },
): Observation {
  const { machine, visibleContext, n, at, facts, event, state, context, mailboxDepth } = step;
  const visible = Object.fromEntries(visibleContext.filter((key) => key in context).map((key) => [key, context[key]]));
  return { actor: address, ...(parent === undefined ? {} : { parent }), machine, seq: n, at, facts, event, state, context: visible, mailboxDepth, restarts };
}
