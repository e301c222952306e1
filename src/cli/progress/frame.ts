import { isEnded } from '../../../protocols/goals/goal.ts';
import { counted, duration, short } from '../output/figures.ts';
import { oneLine } from '../output/table.ts';
import type { AgentProgress, ProgressState } from './state.ts';

export interface FrameOptions {
  readonly columns: number;
  /** The most lines of a frame, the bar included. */
  readonly linesMax: number;
  readonly color: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const barWidth = 24;
/** Columns for the name of an agent; on a wide terminal as many as the longest name needs. */
const nameWidthMin = 16;
const nameWidthMax = 30;
const wideColumns = 72;

type Paint = (code: number, text: string) => string;

function taskNumber({ task }: AgentProgress): number {
  return Number(task.slice(1));
}

function activityText({ activity, tools }: AgentProgress): string {
  const [first] = tools.values();
  if (activity === 'using') return first === undefined ? 'using tools' : tools.size === 1 ? first : `${first} (+${tools.size - 1})`;
  return activity;
}

function nameOf({ task, attempt, role }: AgentProgress): string {
  return `${task}${attempt > 1 ? `.${attempt}` : ''} ${role}`;
}

function nameWidth(agents: readonly AgentProgress[], columns: number): number {
  if (columns < wideColumns) return nameWidthMin;
  return Math.min(nameWidthMax, Math.max(nameWidthMin, ...agents.map((agent) => nameOf(agent).length)));
}

function agentLine(agent: AgentProgress, { columns }: FrameOptions, width: number, paint: Paint): string {
  const name = oneLine(nameOf(agent), width).padEnd(width);
  const figures = `${agent.tick > 1 ? `round ${agent.tick}, ` : ''}${short(agent.tokens)} tokens`;
  const room = columns - name.length - figures.length - 6;
  if (room < 8) return `  ${oneLine(`${name} ${activityText(agent)}`, columns - 3)}`;
  const activity = oneLine(activityText(agent), room).padEnd(room);
  return `  ${paint(36, name)} ${agent.activity === 'using' ? activity : paint(2, activity)} ${paint(2, figures)}`;
}

function barLine(state: ProgressState, options: FrameOptions, paint: Paint): string {
  const { tasksTotal, tasksCompleted, tasksFailed } = state;
  const ended = tasksCompleted + tasksFailed;
  const total = Math.max(tasksTotal, ended);
  const filled = total === 0 ? 0 : Math.floor((ended / total) * barWidth);
  const bar = `${paint(32, '█'.repeat(filled))}${paint(2, '░'.repeat(barWidth - filled))}`;
  const seconds = state.startedAt === undefined ? 0 : Math.max(0, options.now - state.startedAt) / 1_000;
  const parts = [
    `${ended}/${counted(total, 'task')}`,
    ...(tasksFailed > 0 ? [`${tasksFailed} failed`] : []),
    ...(state.tasksRetried > 0 ? [`${state.tasksRetried} retried`] : []),
    `${short(state.tokens)} tokens`,
    counted(state.toolCalls, 'tool call'),
    duration(Math.floor(seconds)),
  ];
  const text = oneLine(state.status === 'running' ? parts.join(' · ') : `${state.status} · ${parts.join(' · ')}`, Math.max(8, options.columns - barWidth - 2));
  return options.columns < barWidth + 16 ? oneLine(text, options.columns - 1) : `${bar} ${text}`;
}

/** The picture of a running goal: a line per agent at work and a bar for the whole. Never higher than `linesMax`, never wider than the terminal. */
export function progressFrame(state: ProgressState, options: FrameOptions): readonly string[] {
  const paint: Paint = (code, text) => (options.color && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text);
  if (isEnded(state.status)) return [barLine(state, options, paint)];
  const agents = [...state.agents.values()].sort((left, right) => taskNumber(left) - taskNumber(right));
  const room = Math.max(0, options.linesMax - 1);
  const shown = agents.length > room ? agents.slice(0, Math.max(0, room - 1)) : agents;
  const hidden = agents.length - shown.length;
  const width = nameWidth(shown, options.columns);
  return [
    ...shown.map((agent) => agentLine(agent, options, width, paint)),
    ...(hidden > 0 && room > 0 ? [paint(2, `  ${oneLine(`… and ${counted(hidden, 'more agent')}`, options.columns - 3)}`)] : []),
    barLine(state, options, paint),
  ];
}
