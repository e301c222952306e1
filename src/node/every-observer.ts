import type { Observer } from '../../actors/ports/observer.ts';

/** One observer for all that are there; undefined when nobody looks, so that a cell makes no observation at all. */
export function everyObserver(observers: readonly (Observer | undefined)[]): Observer | undefined {
  const [first, ...others] = observers.filter((observer) => observer !== undefined);
  if (first === undefined || others.length === 0) return first;
  return (observation) => {
    for (const observer of [first, ...others]) observer(observation);
  };
}
