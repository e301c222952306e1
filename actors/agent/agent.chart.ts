import { chartOf } from '../cell/chart.ts';

export type AgentState = 'idle' | 'thinking' | 'acting' | 'waiting' | 'backoff' | 'collecting' | 'answered' | 'failed' | 'cancelled';

/** The states of an agent: think, act, observe, until it answers. What decides is agent.reducer.ts. */
export const agentChart: ReturnType<typeof chartOf> = chartOf<AgentState>('agent', 'idle', {
  idle: { description: 'made, not yet told what to do', on: { 'agent.assign': ['thinking', 'waiting', 'failed'], 'agent.abandon': ['failed'] } },
  thinking: {
    description: 'a model call is running',
    on: {
      'model.replied': ['acting', 'waiting', 'thinking', 'collecting', 'answered', 'failed'],
      'effect.failed': ['stay', 'backoff', 'collecting', 'answered', 'failed'],
      // What the coordinator was asked may be answered before the asking is noted.
      'message.stored': ['stay'],
      'tool.settled': ['stay'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'approval.decided': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  acting: {
    description: 'tools are running',
    on: {
      'tool.completed': ['stay', 'thinking', 'waiting', 'collecting', 'answered', 'failed'],
      'tool.settled': ['stay', 'thinking', 'waiting', 'collecting', 'answered', 'failed'],
      'message.stored': ['stay'],
      'effect.failed': ['stay', 'thinking', 'waiting', 'collecting', 'answered', 'failed'],
      'approval.decided': ['stay', 'thinking', 'waiting', 'collecting', 'answered', 'failed'],
      'timer.fired': ['stay', 'thinking', 'waiting', 'collecting', 'answered', 'failed'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  waiting: {
    description: 'has asked: its coordinator for more budget, or somebody to approve a tool call',
    on: {
      'budget.granted': ['stay', 'thinking', 'acting', 'waiting', 'collecting', 'answered', 'failed'],
      'approval.decided': ['stay', 'thinking', 'acting', 'collecting', 'answered', 'failed'],
      'timer.fired': ['stay', 'thinking', 'acting', 'collecting', 'answered', 'failed'],
      'budget.refused': ['collecting', 'answered', 'failed'],
      'message.stored': ['stay'],
      'tool.settled': ['stay'],
      'effect.failed': ['stay', 'collecting', 'answered', 'failed'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  backoff: {
    description: 'waits before it calls the model again',
    on: {
      'timer.fired': ['thinking', 'waiting'],
      'message.stored': ['stay'],
      'tool.settled': ['stay'],
      'effect.failed': ['stay'],
      'agent.cancel': ['cancelled'],
      'agent.note': ['stay'],
      'approval.decided': ['stay'],
      'cell.opened': ['stay'],
    },
  },
  collecting: {
    description: 'what changed in the workspace is being stored',
    on: {
      'workspace.collected': ['thinking', 'waiting', 'collecting', 'answered'],
      'effect.failed': ['stay', 'failed'],
      'message.stored': ['stay'],
      'tool.settled': ['stay'],
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
