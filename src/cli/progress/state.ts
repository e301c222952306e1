import { type GoalStatus, isEnded } from '../../../protocols/goals/goal.ts';
import { parseAgentActor } from '../../../protocols/goals/task.ts';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';

export type AgentActivity = 'starting' | 'thinking' | 'using' | 'waiting' | 'finishing';

/** One agent at work, as its line shows it. */
export interface AgentProgress {
  readonly actor: string;
  readonly task: string;
  readonly attempt: number;
  /** What the task is for: single, map, reduce, or its name; empty until it is known. */
  readonly role: string;
  readonly activity: AgentActivity;
  /** The tools of the round that have not answered, by call, with their short argument. */
  readonly tools: ReadonlyMap<string, string>;
  /** The round it is in. */
  readonly tick: number;
  readonly tokens: number;
  readonly toolCalls: number;
}

/** What a person wants to know of a running goal. Grows with the agents at work, never with the length of the history. */
export interface ProgressState {
  readonly status: GoalStatus;
  readonly agents: ReadonlyMap<string, AgentProgress>;
  /** What each task is for that exists and has not ended, by task. */
  readonly labels: ReadonlyMap<string, string>;
  /** Tasks that the plan promises or that exist, whichever is more. */
  readonly tasksTotal: number;
  readonly tasksCreated: number;
  readonly tasksCompleted: number;
  readonly tasksFailed: number;
  readonly tasksRetried: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly tokens: number;
  /** Milliseconds since 1970 of the first and the last event. */
  readonly startedAt: number | undefined;
  readonly lastAt: number | undefined;
}

export const noProgress: ProgressState = {
  status: 'accepted',
  agents: new Map(),
  labels: new Map(),
  tasksTotal: 0,
  tasksCreated: 0,
  tasksCompleted: 0,
  tasksFailed: 0,
  tasksRetried: 0,
  modelCalls: 0,
  toolCalls: 0,
  tokens: 0,
  startedAt: undefined,
  lastAt: undefined,
};

/** The argument that tells one call of a tool from another. */
const tellingArguments = ['path', 'pattern', 'query', 'command', 'file', 'url'] as const;

const goalStatusOf: Readonly<Record<string, GoalStatus>> = {
  'goal.accepted': 'accepted',
  'goal.started': 'running',
  'goal.paused': 'paused',
  'goal.resumed': 'running',
  'goal.completed': 'completed',
  'goal.failed': 'failed',
  'goal.cancelled': 'cancelled',
};

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** The files that a unified diff changes. */
const patchedFile = /^\+\+\+ (?:b\/)?(\S.*)$/gm;

const namedRoles: ReadonlySet<string> = new Set(['stage', 'step', 'propose', 'vote', 'decide']);

/** What a task is for, in a few words: the role says it, its name where many tasks have one role, and both where the name is a part of the inputs. */
export function taskLabel(role: unknown, name: unknown): string {
  if (typeof role !== 'string') return '';
  if (typeof name !== 'string' || name === '') return role;
  if (role === 'map') return `${role} ${name}`;
  return namedRoles.has(role) ? name : role;
}

/** `fs.read src/app.ts`: a tool with the argument that says what it is about. */
export function toolLabel(name: unknown, input: unknown): string {
  const tool = typeof name === 'string' ? name : 'tool';
  if (typeof input === 'string') return labelOfExcerpt(tool, input);
  if (typeof input !== 'object' || input === null) return tool;
  const values = input as Readonly<Record<string, unknown>>;
  if (typeof values['patch'] === 'string') {
    const [first, ...more] = [...values['patch'].matchAll(patchedFile)].map(([, path]) => path);
    if (first !== undefined) return `${tool} ${first}${more.length === 0 ? '' : ` (+${more.length})`}`;
  }
  const telling = tellingArguments.map((key) => values[key]).find((value) => (typeof value === 'string' && value !== '') || Array.isArray(value));
  return telling === undefined ? tool : `${tool} ${Array.isArray(telling) ? telling.join(' ') : String(telling)}`;
}

/** A long input is told as the beginning of its JSON. */
function labelOfExcerpt(tool: string, excerpt: string): string {
  const path = /^\{"path":"((?:[^"\\]|\\.)*)"/.exec(excerpt)?.[1] ?? /\+\+\+ (?:b\/)?(\S+?)\\[nt]/.exec(excerpt)?.[1];
  return path === undefined ? tool : `${tool} ${path} …`;
}

/** The state after one more event. Pure; an event it does not know changes nothing but the time. */
export function reduceProgress(state: ProgressState, event: GoalEvent): ProgressState {
  const timed: ProgressState = { ...state, startedAt: state.startedAt ?? event.at, lastAt: Math.max(state.lastAt ?? 0, event.at) };
  const status = goalStatusOf[event.type];
  if (status !== undefined) return { ...timed, status, agents: isEnded(status) ? new Map() : timed.agents };
  const agent = parseAgentActor(event.actor);
  return agent === undefined ? reduceGoal(timed, event) : reduceAgent(timed, event, agent);
}

function reduceGoal(state: ProgressState, { type, data }: GoalEvent): ProgressState {
  switch (type) {
    case 'plan.made':
      return { ...state, tasksTotal: Math.max(state.tasksTotal, numberOf(data['tasks']), numberOf(data['count'])) };
    case 'task.created': {
      const tasksCreated = state.tasksCreated + 1;
      const labels = new Map(state.labels).set(String(data['task']), taskLabel(data['role'], data['name']));
      return { ...state, labels, tasksCreated, tasksTotal: Math.max(state.tasksTotal, tasksCreated) };
    }
    case 'task.completed':
      return { ...state, labels: without(state.labels, data['task']), tasksCompleted: state.tasksCompleted + 1 };
    case 'task.failed':
      // Not final: the same task is tried again.
      if (data['final'] === false) return state;
      return { ...state, labels: without(state.labels, data['task']), tasksFailed: state.tasksFailed + 1 };
    case 'task.retried':
      return { ...state, tasksRetried: state.tasksRetried + 1 };
    default:
      return state;
  }
}

function without(labels: ReadonlyMap<string, string>, task: unknown): ReadonlyMap<string, string> {
  const left = new Map(labels);
  left.delete(String(task));
  return left;
}

function reduceAgent(state: ProgressState, { actor, type, data }: GoalEvent, { task, attempt }: { task: string; attempt: number }): ProgressState {
  const known = state.agents.get(actor) ?? {
    actor,
    task,
    attempt,
    role: '',
    activity: 'starting' as const,
    tools: new Map(),
    tick: 0,
    tokens: 0,
    toolCalls: 0,
  };
  const withAgent = (changed: Partial<AgentProgress>, totals: Partial<ProgressState> = {}): ProgressState => ({
    ...state,
    ...totals,
    agents: new Map(state.agents).set(actor, { ...known, ...changed }),
  });
  switch (type) {
    case 'task.started':
      return withAgent({ role: state.labels.get(task) || taskLabel(data['role'], undefined) });
    case 'model.called':
      return withAgent({ activity: 'thinking', tools: new Map(), tick: numberOf(data['tick']) || known.tick });
    case 'model.replied': {
      const tokens = numberOf(data['tokens']);
      const acting = numberOf(data['toolCalls']) > 0;
      return withAgent(
        { activity: acting ? 'using' : 'finishing', tokens: known.tokens + tokens },
        { modelCalls: state.modelCalls + 1, tokens: state.tokens + tokens },
      );
    }
    case 'model.discarded':
      return withAgent({ activity: 'waiting' });
    case 'tool.requested': {
      const tools = new Map(known.tools).set(String(data['call']), toolLabel(data['name'], data['input']));
      return withAgent({ activity: 'using', tools, toolCalls: known.toolCalls + 1 }, { toolCalls: state.toolCalls + 1 });
    }
    case 'tool.completed': {
      const tools = new Map(known.tools);
      tools.delete(String(data['call']));
      return withAgent({ tools });
    }
    case 'budget.asked':
      return withAgent({ activity: 'waiting' });
    case 'agent.answered':
    case 'agent.failed':
    case 'actor.poisoned': {
      const agents = new Map(state.agents);
      agents.delete(actor);
      return { ...state, agents };
    }
    default:
      return state;
  }
}
