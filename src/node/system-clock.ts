import type { Clock } from '../../actors/ports/clock.ts';

/** The longest wait that a timer of this platform can hold; longer ones are armed again. Milliseconds. */
const timerMsMax = 2_147_483_647;

/** The clock of the machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  timer(delayMs, onDue) {
    const dueAt = Date.now() + delayMs;
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const left = dueAt - Date.now();
      handle = setTimeout(left > timerMsMax ? arm : onDue, Math.min(Math.max(0, left), timerMsMax));
      handle.unref();
    };
    arm();
    return () => clearTimeout(handle);
  },
};
