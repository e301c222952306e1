import { agentKind } from '../../actors/agent/agent.kind.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import type { ChartPlan } from './moves.ts';

/** Every machine that the inspector draws. */
export const plans: readonly ChartPlan[] = [
  {
    machine: agentKind.chart,
    version: agentKind.version,
    roles: {
      idle: 'idle',
      thinking: 'thinking',
      acting: 'acting',
      waiting: 'waiting',
      backoff: 'backoff',
      collecting: 'acting',
      answered: 'done',
      failed: 'failed',
      cancelled: 'cancelled',
    },
    frame: { name: 'at work', states: ['thinking', 'acting', 'waiting', 'backoff', 'collecting'] },
  },
  {
    machine: coordinatorKind.chart,
    version: coordinatorKind.version,
    roles: { idle: 'idle', accepted: 'idle', running: 'acting', paused: 'waiting', completed: 'done', failed: 'failed', cancelled: 'cancelled' },
    frame: { name: 'under way', states: ['running', 'paused'] },
  },
];
