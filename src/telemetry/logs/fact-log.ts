import type { Observation } from '../../../actors/ports/observer.ts';
import type { Fact } from '../../../protocols/journal/facts.ts';
import { spanIdOf, traceIdOf } from '../traces/ids.ts';
import type { LogArea, LogEntry, LogLevel, LogSubject } from './entry.ts';

/** How loud a fact is, and where it belongs. Facts that are not here are not logged. */
const voices: Readonly<Partial<Record<Fact['type'], readonly [LogArea, Exclude<LogLevel, 'silent'>]>>> = {
  'goal.started': ['goal', 'info'],
  'plan.made': ['goal', 'debug'],
  'task.created': ['goal', 'debug'],
  'task.completed': ['goal', 'debug'],
  'task.failed': ['goal', 'warn'],
  'task.retried': ['goal', 'info'],
  'task.superseded': ['goal', 'debug'],
  'goal.paused': ['goal', 'warn'],
  'goal.resumed': ['goal', 'info'],
  'goal.completed': ['goal', 'info'],
  'goal.failed': ['goal', 'warn'],
  'goal.cancelled': ['goal', 'info'],
  'round.decided': ['goal', 'debug'],
  'leader.elected': ['goal', 'debug'],
  'quota.warned': ['goal', 'info'],
  'quota.exceeded': ['goal', 'warn'],
  'task.started': ['agent', 'debug'],
  'agent.answered': ['agent', 'debug'],
  'agent.failed': ['agent', 'warn'],
  'actor.poisoned': ['agent', 'error'],
  'model.called': ['model', 'trace'],
  'model.replied': ['model', 'debug'],
  'model.discarded': ['model', 'warn'],
  'tool.requested': ['tool', 'trace'],
  'tool.started': ['tool', 'trace'],
  'tool.approved': ['tool', 'info'],
  'tool.denied': ['tool', 'info'],
  'tool.completed': ['tool', 'debug'],
};

/** Fields of facts that say what happened in a word; texts of people, models and tools are left in the journal. */
const told = [
  'strategy',
  'status',
  'role',
  'model',
  'call',
  'name',
  'ok',
  'finish',
  'tokens',
  'tries',
  'tick',
  'quota',
  'used',
  'limit',
  'by',
  'reason',
  'count',
  'partial',
  'final',
];
const wordCharsMax = 200;

/** The log entries of one step. */
export function entriesOf(observation: Observation, writes: (area: LogArea, level: LogLevel) => boolean): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  for (const fact of observation.facts) {
    const voice = voices[fact.type];
    // Opening a journal again is news; the first opening of a goal is how it begins.
    const [area, level] = voice ?? (fact.type === 'cell.opened' && observation.seq > 2 ? (['node', 'info'] as const) : []);
    if (area === undefined || level === undefined || !writes(area, level)) continue;
    entries.push(entryOf(observation, fact, area, level));
  }
  return entries;
}

function entryOf(observation: Observation, { type, data }: Fact, area: LogArea, level: LogEntry['level']): LogEntry {
  const words = Object.fromEntries(told.filter((name) => isWord(data[name])).map((name) => [name, wordOf(data[name])]));
  const code = typeof data['code'] === 'string' ? data['code'] : undefined;
  const said = typeof data['message'] === 'string' ? `: ${data['message'].slice(0, wordCharsMax)}` : '';
  return {
    level,
    area,
    message: `${type}${said}`,
    event: type,
    ...subjectOf(observation),
    ...(code === undefined ? {} : { code }),
    ...(Object.keys(words).length === 0 ? {} : { data: words }),
  };
}

function subjectOf({ actor: { tenant, root, actor }, context }: Observation): LogSubject {
  const { task, attempt } = context;
  const trace = { trace_id: traceIdOf(tenant, root), span_id: actor === 'coordinator' ? spanIdOf(tenant, root) : spanIdOf(tenant, root, actor) };
  const ofTask = typeof task === 'string' ? { task, ...(typeof attempt === 'number' ? { attempt } : {}) } : {};
  return { tenant, goal: root, ...ofTask, agent: actor, ...trace };
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function wordOf(value: unknown): unknown {
  return typeof value === 'string' ? value.slice(0, wordCharsMax) : value;
}
