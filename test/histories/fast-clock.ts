import type { Clock } from '../../actors/ports/clock.ts';

/** A clock that runs `speed` times as fast as the machine's: waits of minutes pass in moments. */
export function fastClock(speed: number): Clock {
  const began = performance.now();
  const epochMs = 1_700_000_000_000;
  return {
    now: () => epochMs + Math.floor((performance.now() - began) * speed),
    timer(delayMs, onDue) {
      const handle = setTimeout(onDue, Math.max(0, delayMs) / speed);
      return () => clearTimeout(handle);
    },
  };
}
