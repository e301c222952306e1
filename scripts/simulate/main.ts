/**
 * `npm run simulate -- [--seed N] [--schedules M] [--jobs J] [--mutants [name]]`: runs M schedules from seed N on, each with its own crashes,
 * pauses, cuts, delays, doubles and reorderings, and checks that no promise is broken. A schedule is its seed: a failing one prints the end of
 * its history and runs again with `--seed`. `--mutants` plants known faults into copies of the sources and expects each to be caught.
 * A long run tells every ten seconds how far it is and with which seed it can be taken up again; so does one that is interrupted.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { runMutants } from './mutate.ts';
import { runSchedule, type ScheduleOutcome } from './schedule.ts';
import type { ThreadReport, ThreadWork } from './thread.ts';

const schedulesDefault = 1_000;
/** Failing schedules after which a run ends early. */
const brokenMax = 3;
/** Lines of the history that a failing schedule shows. */
const shownLinesMax = 40;
const shownLineChars = 220;
const jobsMax = 16;
/** How often a long run tells how far it is. Milliseconds. */
const progressMs = 10_000;

interface Options {
  readonly seed: number;
  readonly schedules: number;
  readonly jobs: number;
}

function optionsOf(values: {
  readonly seed?: string | undefined;
  readonly schedules?: string | undefined;
  readonly jobs?: string | undefined;
}): Options | undefined {
  const seed = Number(values.seed ?? 1);
  // A seed by itself is one to look at.
  const schedules = Number(values.schedules ?? (values.seed === undefined ? schedulesDefault : 1));
  const jobs = Number(values.jobs ?? Math.min(jobsMax, availableParallelism()));
  const whole = [seed, schedules, jobs].every(Number.isSafeInteger);
  return whole && seed >= 0 && schedules >= 1 && jobs >= 1 && jobs <= jobsMax ? { seed, schedules, jobs } : undefined;
}

function show({ seed, kind, violation, history }: ScheduleOutcome): void {
  const lines = history.slice(-shownLinesMax).map((line) => (line.length > shownLineChars ? `${line.slice(0, shownLineChars)}…` : line));
  process.stdout.write(`\nseed ${seed} (${kind}): ${violation ?? 'all promises kept'}\n${lines.map((line) => `  ${line}\n`).join('')}`);
  if (violation !== undefined) process.stdout.write(`  again: npm run simulate -- --seed ${seed}\n`);
}

interface Ran {
  readonly held: number;
  readonly broken: readonly ScheduleOutcome[];
  /** Every seed before this one has run. */
  readonly next: number;
  readonly interrupted: boolean;
}

/** Runs the schedules in threads; answers how many held and which did not. */
async function runAll({ seed, schedules, jobs }: Options): Promise<Ran> {
  const broken: ScheduleOutcome[] = [];
  const started = performance.now();
  let held = 0;
  let interrupted = false;
  const threads = Array.from({ length: Math.min(jobs, schedules) }, (_, index, { length } = { length: Math.min(jobs, schedules) }) => {
    const work: ThreadWork = { from: seed + index, to: seed + schedules, step: length };
    return new Worker(new URL('./thread.ts', import.meta.url), { workerData: work });
  });
  const next = threads.map((_, index) => seed + index);
  const telling = setInterval(() => tell({ seed, schedules, held, broken: broken.length, next: Math.min(...next), started }), progressMs);
  const interrupt = (): void => {
    interrupted = true;
    for (const one of threads) void one.terminate();
  };
  process.once('SIGINT', interrupt);
  await Promise.all(
    threads.map(
      (thread, index) =>
        new Promise<void>((resolve, reject) => {
          thread.on('message', (report: ThreadReport) => {
            if (report.type === 'held') {
              held += report.count;
              next[index] = report.next;
            } else broken.push(report.outcome);
            if (broken.length >= brokenMax) for (const one of threads) void one.terminate();
          });
          thread.on('error', reject);
          thread.on('exit', () => resolve());
        }),
    ),
  );
  clearInterval(telling);
  process.off('SIGINT', interrupt);
  return { held, broken, next: Math.min(...next), interrupted };
}

function tell(ran: {
  readonly seed: number;
  readonly schedules: number;
  readonly held: number;
  readonly broken: number;
  readonly next: number;
  readonly started: number;
}): void {
  const rate = Math.round(((ran.held + ran.broken) * 1_000) / (performance.now() - ran.started));
  process.stderr.write(
    `${ran.held} passed, ${ran.broken} failed of ${ran.schedules}, ${rate}/s; from here: --seed ${ran.next} --schedules ${ran.seed + ran.schedules - ran.next}\n`,
  );
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seed: { type: 'string' }, schedules: { type: 'string' }, jobs: { type: 'string' }, mutants: { type: 'boolean' } },
  });
  if (values.mutants === true) return runMutants(positionals.join(' '));
  const options = optionsOf(values);
  if (options === undefined || positionals.length > 0) {
    process.stderr.write(`simulate: --seed N (0 or more) --schedules M (1 or more) --jobs J (1 to ${jobsMax}) --mutants [name]\n`);
    return 2;
  }
  const started = performance.now();
  if (options.schedules === 1) {
    const outcome = await runSchedule(options.seed);
    show(outcome);
    return outcome.violation === undefined ? 0 : 1;
  }
  const { held, broken, next, interrupted } = await runAll(options);
  for (const outcome of broken.toSorted((a, b) => a.seed - b.seed).slice(0, brokenMax)) show(outcome);
  const seconds = (performance.now() - started) / 1_000;
  process.stdout.write(
    `${held} passed, ${broken.length} failed: schedules from seed ${options.seed}, ${seconds.toFixed(1)} s, ${Math.round((held + broken.length) / seconds)}/s\n`,
  );
  if (interrupted) {
    process.stderr.write(`interrupted; go on with: npm run simulate -- --seed ${next} --schedules ${options.seed + options.schedules - next}\n`);
    return 130;
  }
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
