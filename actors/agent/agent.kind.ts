import type { ActorKind } from '../cell/kind.ts';
import { agentChart } from './agent.chart.ts';
import { poisonedWords } from './agent.endings.ts';
import { reduceAgent } from './agent.reducer.ts';
import { type AgentTable, emptyAgentTable } from './agent.table.ts';

/** The agent: runs the think-act loop of one attempt of one task. History: 1: first (2026-11). */
export const agentKind: ActorKind<AgentTable> = {
  machine: 'agent',
  version: 1,
  chart: agentChart,
  emptyTable: emptyAgentTable,
  reduce: reduceAgent,
  lastWords: poisonedWords,
  visibleContext: ['task', 'attempt', 'ticks', 'tokens', 'toolCalls', 'tries', 'model'],
  boundsOpenings: true,
};
