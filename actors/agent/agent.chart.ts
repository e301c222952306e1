import { chartOf } from '../cell/chart.ts';

export type AgentState = 'idle' | 'thinking' | 'acting' | 'waiting' | 'backoff' | 'collecting' | 'answered' | 'failed' | 'cancelled';

/** The states of an agent: think, act, observe, until it answers. What decides is agent.reducer.ts. */
export const agentChart: ReturnType<typeof chartOf> = chartOf<AgentState>('agent', 'idle', {
  idle: { description: 'made, not yet told what to do', on: { 'agent.assign': ['thinking', 'waiting', 'failed'] } },
  thinking: {
    description: 'a model call is running',
    on: {
      'model.replied': ['acting', 'waiting', 'thinking', 'collecting', 'answered', 'failed'],
      'effect.failed': ['backoff', 'failed'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'approval.decided': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  acting: {
    description: 'tools are running',
    on: {
      'tool.completed': ['stay', 'thinking', 'waiting', 'failed'],
      'effect.failed': ['stay', 'thinking', 'waiting', 'failed'],
      'approval.decided': ['stay', 'thinking', 'waiting', 'failed'],
      'timer.fired': ['stay', 'thinking', 'waiting', 'failed'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  waiting: {
    description: 'has asked: its coordinator for more budget, or somebody to approve a tool call',
    on: {
      'budget.granted': ['stay', 'thinking', 'acting', 'waiting'],
      'approval.decided': ['stay', 'thinking', 'acting', 'failed'],
      'timer.fired': ['stay', 'thinking', 'acting', 'failed'],
      'budget.refused': ['failed'],
      'message.stored': ['stay'],
      'effect.failed': ['failed'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  backoff: {
    description: 'waits before it calls the model again',
    on: {
      'timer.fired': ['thinking', 'waiting'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'approval.decided': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  collecting: {
    description: 'what changed in the workspace is being stored',
    on: {
      'workspace.collected': ['answered'],
      'effect.failed': ['failed'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'approval.decided': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  answered: { final: true },
  failed: { final: true },
  cancelled: { final: true },
});
