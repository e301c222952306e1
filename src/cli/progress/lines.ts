import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { count, counted } from '../output/figures.ts';
import { oneLine } from '../output/table.ts';
import { toolLabel } from './state.ts';

/** What of an event's text a plain line shows, in characters. */
const lineTextMax = 160;

/** One event as a line for someone who reads a log; undefined for what only a machine cares about. */
export function eventLine({ type, actor, data }: GoalEvent): string | undefined {
  const text = (key: string): string => (data[key] === undefined || data[key] === null ? '' : oneLine(String(data[key]), lineTextMax));
  const figure = (key: string): number => (typeof data[key] === 'number' ? data[key] : 0);
  const task = text('task') || actor;
  switch (type) {
    case 'goal.started':
    case 'goal.resumed':
    case 'goal.completed':
      return type;
    case 'goal.paused':
      return join(type, text('message') || text('reason'));
    case 'goal.failed':
      return join(type, [text('code'), text('message')].filter((part) => part !== '').join(': '));
    case 'goal.cancelled':
      return join(type, text('reason'));
    case 'plan.made':
      return join(type, `${text('strategy')}, ${counted(figure('tasks') || figure('count'), 'task')} expected`);
    case 'task.started':
      return join(`${type} ${task}`, [text('role'), figure('attempt') > 1 ? `attempt ${figure('attempt')}` : ''].filter((part) => part !== '').join(', '));
    case 'task.completed':
      return `${type} ${task}`;
    case 'task.retried':
      return join(`${type} ${task}`, `attempt ${figure('attempt')}, ${text('reason')}`);
    case 'task.failed':
      return join(`${type} ${task}`, [text('code'), text('message')].filter((part) => part !== '').join(': '));
    case 'tool.requested':
      return `${type} ${actor}: ${oneLine(toolLabel(data['name'], data['input']), lineTextMax)}`;
    case 'tool.completed':
      return data['ok'] === false ? `${type} ${actor}: ${text('name')} failed: ${text('code') || text('text')}` : undefined;
    case 'tool.denied':
      return join(`${type} ${actor}`, text('message'));
    case 'model.discarded':
      return join(`${type} ${actor}`, [text('code'), text('message')].filter((part) => part !== '').join(': '));
    case 'quota.warned':
    case 'quota.exceeded':
      // An agent that was refused more knows which quota stands in its way, and the coordinator how far that is used.
      return join(
        `${type} ${actor}`,
        typeof data['limit'] === 'number' ? `${text('quota')} ${count(figure('used'))} of ${count(data['limit'])}` : text('quota'),
      );
    case 'actor.poisoned':
      return join(`${type} ${actor}`, text('message'));
    case 'leader.elected':
    case 'round.decided':
      return type;
    default:
      return undefined;
  }
}

function join(head: string, rest: string): string {
  return rest === '' ? head : `${head}: ${rest}`;
}
