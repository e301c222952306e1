import type { LogEntry } from './entry.ts';

const colors: Readonly<Record<LogEntry['level'], number>> = { error: 31, warn: 33, info: 32, debug: 36, trace: 90 };
const paintMark = String.fromCharCode(27);

/** An entry for a person: time, level, area, whom it is about, what happened. `at` in milliseconds since 1970; told in local time. */
export function textForm(entry: LogEntry, at: number, color: boolean): string {
  const { level, area, message, goal, agent, code, data = {} } = entry;
  const paint = (text: string, tone: number): string => (color ? `${paintMark}[${tone}m${text}${paintMark}[0m` : text);
  const whom = [goal, agent === 'coordinator' ? undefined : agent].filter((part) => part !== undefined).join(' ');
  const words = Object.entries(data).map(([name, value]) => `${name}=${String(value)}`);
  const parts = [
    paint(clockTime(at), 90),
    paint(level.padEnd(5), colors[level]),
    area.padEnd(5),
    ...(whom === '' ? [] : [whom]),
    message,
    ...(code === undefined ? [] : [`(${code})`]),
    ...(words.length === 0 ? [] : [paint(words.join(' '), 90)]),
  ];
  return oneLine(parts.join(' '), color);
}

function clockTime(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** What comes from others may neither break the line nor move the cursor. */
function oneLine(text: string, color: boolean): string {
  let clean = '';
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    const control = point < 32 || (point >= 127 && point < 160);
    clean += control && !(color && point === 27) ? ' ' : char;
  }
  return clean;
}
