import type { GoalSubmission } from '../../protocols/goals/goal.ts';
import type { ModelTemper } from './model.ts';
import type { Random } from './random.ts';

export type GoalKind = 'single' | 'map-reduce' | 'pipeline' | 'consensus' | 'plan' | 'auto';

/** What one schedule is about: a goal, the temper of its model, and how rough the world is. */
export interface GoalScenario {
  readonly kind: GoalKind;
  readonly submission: GoalSubmission;
  readonly items: number;
  readonly temper: ModelTemper;
  readonly processes: number;
  readonly faults: number;
  readonly taskAttemptsMax: number;
  readonly snapshotRecords: number;
  /** Every tool may be repeated, so that a straggler is tried a second time beside the first. */
  readonly speculates: boolean;
  /** The client cancels in the middle. */
  readonly cancels: boolean;
  /** What the goal has too little of: it pauses, and its client gives it more. */
  readonly poor: 'tokens' | 'seconds' | 'nothing';
}

export function goalScenario(kind: GoalKind, random: Random): GoalScenario {
  const items = kind === 'single' || kind === 'plan' || kind === 'auto' ? 1 : random.whole(1, kind === 'pipeline' ? 4 : 7);
  const agents = random.whole(1, 5);
  const rough = random.chance(0.6);
  const cancels = random.chance(0.05);
  return {
    kind,
    items,
    submission: {
      goal: 'do it',
      agents,
      strategy: strategyOf(kind, agents, random),
      ...(kind === 'consensus' ? {} : { inputs: [{ kind: 'items' as const, items: Array.from({ length: items }, (_, index) => `[item ${index + 1}]`) }] }),
    },
    temper: {
      fails: rough ? random.pick([0, 0.08, 0.9]) : 0,
      refuses: rough && random.chance(0.5) ? 0.06 : 0,
      stalls: random.chance(0.2) ? 0.15 : 0,
      babbles: random.pick([0, 0.05, 0.3]),
      abstains: random.pick([0, 0.1, 0.4]),
      agrees: random.pick([0, 0.3, 0.7, 1]),
      looks: random.pick([0, 0.3]),
    },
    processes: random.whole(2, 3),
    faults: rough ? random.whole(0, 4) : random.whole(0, 1),
    taskAttemptsMax: random.whole(1, 3),
    snapshotRecords: random.pick([4, 16, 256]),
    speculates: random.chance(0.4),
    cancels,
    poor: cancels || random.chance(0.9) ? 'nothing' : random.pick(['tokens', 'seconds']),
  };
}

function strategyOf(kind: GoalKind, agents: number, random: Random): NonNullable<GoalSubmission['strategy']> {
  switch (kind) {
    case 'single':
      return 'single';
    case 'map-reduce':
      return { type: 'map-reduce', fanIn: random.whole(2, 4), onFailure: random.pick(['fail', 'partial']) };
    case 'pipeline':
      return {
        type: 'pipeline',
        queueItemsMax: random.whole(1, 3),
        stages: Array.from({ length: random.whole(1, 4) }, (_, index) => ({
          name: `s${index + 1}`,
          prompt: 'go on',
          onFailure: random.pick(['fail', 'skip']),
          ...(random.chance(0.5) ? { concurrency: random.whole(1, 3) } : {}),
        })),
      };
    case 'consensus':
      return {
        type: 'consensus',
        rounds: random.whole(1, 3),
        noQuorum: random.pick(['leader', 'fail']),
        quorum: quorumOf(agents, random),
        ...(random.chance(0.3) ? { answerSeconds: random.whole(1, 60) } : {}),
      };
    case 'plan':
      return {
        type: 'plan',
        tasks: planTasks(random),
        onFailure: random.pick(['fail', 'partial']),
        ...(random.chance(0.3) ? { concurrency: random.whole(1, 3) } : {}),
      };
    case 'auto':
      return 'auto';
  }
}

/** Tasks that are after any of those before them, in any order. */
export function planTasks(random: Random): { name: string; prompt: string; after: string[] }[] {
  const tasks = Array.from({ length: random.whole(1, 6) }, (_, index) => ({
    name: `n${index + 1}`,
    prompt: 'go on',
    after: Array.from({ length: index }, (_before, at) => `n${at + 1}`).filter(() => random.chance(0.4)),
  }));
  return random.chance(0.5) ? tasks.toReversed() : tasks;
}

function quorumOf(agents: number, random: Random): 'majority' | 'two-thirds' | 'unanimous' | { weights: Record<string, number> } {
  const rule = random.pick(['majority', 'two-thirds', 'unanimous', 'weights'] as const);
  if (rule !== 'weights') return rule;
  return {
    weights: Object.fromEntries(Array.from({ length: agents }, (_, index) => [`p${index + 1}`, index === 0 ? random.whole(1, 4) : random.whole(0, 4) / 2])),
  };
}
