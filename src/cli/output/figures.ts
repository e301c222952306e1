import type { GoalUsage, Quota } from '../../../protocols/goals/goal.ts';

/** 1234567 → `1,234,567`. */
export function count(figure: number): string {
  return String(figure).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 task`, `3 tasks`. */
export function counted(figure: number, one: string, many = `${one}s`): string {
  return `${count(figure)} ${figure === 1 ? one : many}`;
}

/** 950 → `950`, 12345 → `12.3k`: for columns that must not grow. */
export function short(figure: number): string {
  if (figure < 10_000) return String(figure);
  return figure < 1_000_000 ? `${(figure / 1_000).toFixed(1)}k` : `${(figure / 1_000_000).toFixed(1)}M`;
}

/** Seconds for a person: `0.04 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Number(seconds.toFixed(2))} s`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Bytes for a person. */
export function bytes(figure: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let at = 0;
  let value = figure;
  while (value >= 1_000 && at < units.length - 1) {
    value /= 1_000;
    at += 1;
  }
  return `${at === 0 ? value : value.toFixed(1)} ${units[at] ?? 'B'}`;
}

export function usd(cost: number | null): string {
  if (cost === null) return 'cost unknown';
  return cost !== 0 && cost < 0.01 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`;
}

/** The quota in force, as the first line of a run names it. */
export function quotaText({ maxTicks, maxToolCalls, maxTokens, maxMemoryKeys, maxCostUsd, maxSeconds }: Quota): string {
  return [
    `${counted(maxTicks, 'round')} per agent`,
    counted(maxToolCalls, 'tool call'),
    counted(maxTokens, 'token'),
    counted(maxMemoryKeys, 'memory key'),
    `$${maxCostUsd}`,
    duration(maxSeconds),
  ].join(', ');
}

/** What a goal has used, in one line. */
export function usageText({ modelCalls, toolCalls, tokens, costUsd, estimated }: GoalUsage): string {
  const cost = `${usd(costUsd)}${estimated ? ' (partly estimated)' : ''}`;
  return [counted(modelCalls, 'model call'), counted(toolCalls, 'tool call'), counted(tokens, 'token'), cost].join(', ');
}
