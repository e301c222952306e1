import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { count, counted } from '../output/figures.ts';
import { oneLine } from '../output/table.ts';
import { toolLabel } from './state.ts';

/** What of an event's text a plain line shows, in characters. */
const lineTextMax = 160;
/** What it shows of a voter's reasons, in characters. */
const rationaleMax = 280;

/** One event as a line for someone who reads a log; undefined for what only a machine cares about. `label` says what a started task is for, instead of its role. */
export function eventLine({ type, actor, data }: GoalEvent, label?: string): string | undefined {
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
    case 'strategy.chosen':
      return join(type, `${text('strategy')} by ${text('by') === 'model' ? 'the model' : 'rules'}: ${text('why')}`);
    case 'plan.made':
      return join(type, `${text('strategy')}, ${counted(figure('tasks') || figure('count'), 'task')} expected`);
    case 'task.started':
      return join(
        `${type} ${task}`,
        [label ?? text('role'), figure('attempt') > 1 ? `attempt ${figure('attempt')}` : ''].filter((part) => part !== '').join(', '),
      );
    case 'task.completed':
      return `${type} ${task}`;
    case 'task.skipped':
      return join(`${type} ${text('name')}`, `it is after ${text('after')}, and ${text('failed')} failed`);
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
    case 'memory.written':
      return `${type} ${text('by')}: ${text('key')} is ${oneLine(JSON.stringify(data['value'] ?? null), lineTextMax)}, version ${figure('version')}`;
    case 'memory.refused':
      return `${type} ${text('by')}: ${text('key')}: ${text('code')}`;
    case 'agent.told':
      return join(`${type} ${text('from')} to ${text('to')} (${counted(figure('delivered'), 'agent')})`, text('text'));
    case 'note.dropped':
      return join(`${type} ${actor}`, [text('code'), text('message')].filter((part) => part !== '').join(': '));
    case 'actor.poisoned':
      return join(`${type} ${actor}`, text('message'));
    case 'vote.cast': {
      const choice = text('unreadable') === '' ? text('choice') : `abstain (${text('unreadable')})`;
      const why = oneLine(String(data['rationale'] ?? ''), rationaleMax);
      return join(`${type} ${text('voter')} in round ${figure('round')}`, why === '' ? choice : `${choice} — ${why}`);
    }
    case 'round.decided': {
      const by =
        data['by'] === 'quorum'
          ? `by quorum, ${text('votes')} of ${text('of')} votes, ${text('needed')} needed`
          : `by the leader ${text('by')} of term ${text('term')}`;
      return join(`${type} in round ${figure('round')}`, `${text('choice')} ${by}; it is the proposal of ${text('proposer')}`);
    }
    case 'leader.elected':
      return join(`${type} ${text('leader')} in term ${text('term')}`, text('rationale'));
    default:
      return undefined;
  }
}

function join(head: string, rest: string): string {
  return rest === '' ? head : `${head}: ${rest}`;
}
