import type { Observation, Observer } from '../../../actors/ports/observer.ts';
import { type MetricFamily, single } from '../metrics/family.ts';
import { type LogArea, type LogEntry, type LogLevel, type LogLevelSettings, LogLevels } from './entry.ts';
import { entriesOf } from './fact-log.ts';
import type { LogSink } from './json-sink.ts';
import { textForm } from './text-form.ts';

/** The log of one process. Writing never throws and never waits. */
export interface Log {
  write(entry: LogEntry): void;
  /** Logs the facts of a step. */
  readonly observe: Observer;
  setLevels(settings: LogLevelSettings): void;
  /** From now on the levels are what `settings` answers, whenever that is another object than before. */
  follow(settings: () => LogLevelSettings): void;
  /** Writes what waited for `begin`, and everything after it. */
  begin(): void;
  /** For those who rotate the file. */
  reopen(): void;
  families(): readonly MetricFamily[];
  /** Lines that a slow reader of the log cost. */
  readonly dropped: number;
  close(): Promise<void>;
}

export interface LogOptions extends LogLevelSettings {
  /** `text` for a person; JSON lines for everything else. */
  readonly format: 'text' | 'json';
  /** A file for JSON lines; empty: stderr. */
  readonly file: string;
  /** Writes one line of the text form. */
  readonly writeLine: (line: string) => void;
  readonly color: boolean;
  /** Stands in every JSON line. */
  readonly base: Readonly<Record<string, unknown>>;
  readonly redact: (text: string) => string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

const stderrFd = 2;
/** Entries that are kept until `begin`; the oldest go first. */
const heldMax = 1_000;

/** Makes the log. It holds its entries until `begin`. pino is loaded only where JSON is wanted. */
export async function createLog(options: LogOptions): Promise<Log> {
  const { format, file, writeLine, color, base, redact, now = Date.now } = options;
  const levels = new LogLevels(options);
  const sink = format === 'text' && file === '' ? textSink(writeLine, color) : await json(file, base, writeLine);
  const held: { readonly entry: LogEntry; readonly at: number }[] = [];
  let state: 'held' | 'open' | 'closed' = 'held';
  let lines = 0;
  let closing: Promise<void> | undefined;
  let followed: { readonly settings: () => LogLevelSettings; last: LogLevelSettings } | undefined;

  const writes = (area: LogArea, level: LogLevel): boolean => {
    const next = followed?.settings();
    if (followed !== undefined && next !== undefined && next !== followed.last) {
      followed.last = next;
      levels.set(next);
    }
    return levels.writes(area, level);
  };
  const write = (entry: LogEntry): void => {
    if (state === 'closed' || !writes(entry.area, entry.level)) return;
    lines++;
    const clean = redacted(entry, redact);
    if (state === 'open') return sink.write(clean, now());
    held.push({ entry: clean, at: now() });
    if (held.length > heldMax) held.shift();
  };
  return {
    write,
    observe(observation: Observation) {
      for (const entry of entriesOf(observation, writes)) write(entry);
    },
    setLevels: (settings) => levels.set(settings),
    follow(settings) {
      followed = { settings, last: settings() };
    },
    begin() {
      state = 'open';
      for (const { entry, at } of held.splice(0)) sink.write(entry, at);
    },
    reopen: () => sink.reopen(),
    families: () => [single('counter', 'flockwork.log.lines', 'Lines that were logged.', lines)],
    get dropped() {
      return sink.dropped;
    },
    close() {
      state = 'closed';
      closing ??= sink.close();
      return closing;
    },
  };
}

async function json(file: string, base: LogOptions['base'], writeLine: (line: string) => void): Promise<LogSink> {
  const { jsonSink } = await import('./json-sink.ts');
  let told = false;
  return jsonSink(file === '' ? { fd: stderrFd } : { file }, base, (error) => {
    // Where the log itself fails there is only stderr left, and once is enough.
    if (!told && file !== '') writeLine(`flockwork: the log file ${file} cannot be written: ${error.message}`);
    told = true;
  });
}

function textSink(writeLine: (line: string) => void, color: boolean): LogSink {
  return {
    write: (entry, at) => writeLine(textForm(entry, at, color)),
    dropped: 0,
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
}

function redacted(entry: LogEntry, redact: (text: string) => string): LogEntry {
  const { data } = entry;
  const clean =
    data === undefined
      ? {}
      : { data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value])) };
  return { ...entry, message: redact(entry.message), ...clean };
}
