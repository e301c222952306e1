import { ElectionSchedule } from './election-schedule.ts';
import { type GoalKind, goalScenario } from './goal-scenario.ts';
import { GoalSchedule } from './goal-schedule.ts';
import { Random } from './random.ts';
import { Violation, World } from './world.ts';

export type ScheduleKind = GoalKind | 'election';

/** What the seeds are about, in turn. */
const turns: readonly ScheduleKind[] = [
  'election',
  'consensus',
  'pipeline',
  'election',
  'map-reduce',
  'consensus',
  'plan',
  'auto',
  'election',
  'single',
  'pipeline',
  'consensus',
];

export interface ScheduleOutcome {
  readonly seed: number;
  readonly kind: ScheduleKind;
  /** What was broken; absent = nothing. */
  readonly violation?: string;
  readonly history: readonly string[];
}

export function kindOf(seed: number): ScheduleKind {
  return turns[((seed % turns.length) + turns.length) % turns.length] ?? 'election';
}

/** Runs one schedule: the same seed, the same schedule. */
export async function runSchedule(seed: number): Promise<ScheduleOutcome> {
  const kind = kindOf(seed);
  const world = new World(new Random(seed));
  try {
    if (kind === 'election') {
      await new ElectionSchedule(world).run();
    } else {
      const scenario = goalScenario(kind, world.random);
      world.note(JSON.stringify(scenario));
      await new GoalSchedule(world, scenario).run();
    }
    return { seed, kind, history: world.history };
  } catch (error) {
    const violation = error instanceof Violation ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, kind, violation, history: world.history };
  }
}
