import { type Emitted, request } from '../../actors/cell/kind.ts';
import { strategyOf } from '../strategies/index.ts';
import { acceptOf, type CoordinatorTable } from './coordinator.table.ts';

const limitPrefix = 'limit-';

/** With each attempt starts the time that its strategy gives it. */
export function armLimit(table: CoordinatorTable, attempt: string): Emitted[] {
  const ms = strategyOf(acceptOf(table).strategy.type).taskMsMax?.(table.plan);
  return ms === undefined ? [] : [request('timer.start', limitPrefix + attempt, { name: limitPrefix + attempt, ms })];
}

/** It has ended in time. */
export function disarmLimit(table: CoordinatorTable, attempt: string): Emitted[] {
  const limited = strategyOf(acceptOf(table).strategy.type).taskMsMax?.(table.plan) !== undefined;
  return limited ? [request('timer.stop', limitPrefix + attempt, { name: limitPrefix + attempt })] : [];
}

export function isLimit(timer: string): boolean {
  return timer.startsWith(limitPrefix);
}

/** Whose time is up: `limit-t3-1` is attempt 1 of task 3. */
export function limitOf(timer: string): { readonly index: number; readonly attempt: number } {
  const [task = '', attempt = ''] = timer.slice(limitPrefix.length).split('-');
  return { index: Number(task.slice(1)), attempt: Number(attempt) };
}
