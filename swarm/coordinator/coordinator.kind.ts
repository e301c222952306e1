import type { ActorKind } from '../../actors/cell/kind.ts';
import { coordinatorChart } from './coordinator.chart.ts';
import { reduceCoordinator } from './coordinator.reducer.ts';
import { type CoordinatorTable, emptyCoordinatorTable } from './coordinator.table.ts';

/** The coordinator: drives one goal by its strategy. History: 1: first (2026-11). */
export const coordinatorKind: ActorKind<CoordinatorTable> = {
  machine: 'coordinator',
  version: 1,
  chart: coordinatorChart,
  emptyTable: emptyCoordinatorTable,
  reduce: reduceCoordinator,
  visibleContext: ['strategy', 'tasks', 'running', 'completed', 'failed', 'tokens'],
  boundsOpenings: false,
};
