import { chartOf } from '../../actors/cell/chart.ts';

export type CoordinatorState = 'idle' | 'accepted' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

const ended = {
  tags: ['ended'],
  on: {
    'task.ended': ['stay'],
    'message.stored': ['stay'],
    'result.joined': ['stay'],
    'effect.failed': ['stay'],
    'timer.fired': ['stay'],
    'budget.ask': ['stay'],
    'memory.ask': ['stay'],
    'agent.tell': ['stay'],
    'goal.note': ['stay'],
    'goal.cancel': ['stay'],
    'goal.resume': ['stay'],
  },
} as const;

/** The states of a goal. The ended ones are no final states: what stragglers tell later is kept as audit. */
export const coordinatorChart: ReturnType<typeof chartOf> = chartOf<CoordinatorState>('coordinator', 'idle', {
  idle: { on: { 'goal.accept': ['accepted'] } },
  accepted: { description: 'durable, not yet opened by its owner', on: { 'cell.opened': ['running'] } },
  running: {
    description: 'tasks are in the window',
    on: {
      'cell.opened': ['stay'],
      'task.ended': ['stay', 'paused', 'completed', 'failed'],
      'effect.failed': ['stay', 'failed'],
      'timer.fired': ['stay', 'paused', 'completed', 'failed'],
      'message.stored': ['stay'],
      'result.joined': ['completed'],
      'budget.ask': ['stay', 'paused'],
      'memory.ask': ['stay'],
      'agent.tell': ['stay'],
      'goal.note': ['stay'],
      'goal.cancel': ['cancelled'],
      'goal.resume': ['stay'],
    },
  },
  paused: {
    description: 'a quota is used up; waits for goal.resume',
    on: {
      'cell.opened': ['stay'],
      'task.ended': ['stay', 'completed', 'failed'],
      'effect.failed': ['stay', 'failed'],
      'timer.fired': ['stay', 'completed', 'failed'],
      'message.stored': ['stay'],
      'result.joined': ['completed'],
      'budget.ask': ['stay'],
      'memory.ask': ['stay'],
      'agent.tell': ['stay'],
      'goal.note': ['stay'],
      'goal.cancel': ['cancelled'],
      'goal.resume': ['running', 'completed', 'failed'],
    },
  },
  completed: ended,
  failed: ended,
  cancelled: ended,
});
