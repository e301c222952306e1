import { parentPort, workerData } from 'node:worker_threads';
import { runSchedule, type ScheduleOutcome } from './schedule.ts';

/** The schedules of one thread: every `step`-th seed from `from` to before `to`. */
export interface ThreadWork {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** What a thread reports: how many schedules held since the last report and which seed is next, or one that did not hold. */
export type ThreadReport =
  | { readonly type: 'held'; readonly count: number; readonly next: number }
  | { readonly type: 'broken'; readonly outcome: ScheduleOutcome };

const reportEvery = 25;

const { from, to, step } = workerData as ThreadWork;
let held = 0;
const report = (message: ThreadReport): void => parentPort?.postMessage(message, []);
for (let seed = from; seed < to; seed += step) {
  const outcome = await runSchedule(seed);
  if (outcome.violation !== undefined) report({ type: 'broken', outcome });
  else held += 1;
  if (held >= reportEvery) {
    report({ type: 'held', count: held, next: seed + step });
    held = 0;
  }
}
report({ type: 'held', count: held, next: to });
