import { pino } from 'pino';
import type { LogEntry } from './entry.ts';

/** Bytes of log lines that wait for a slow reader; above it new ones are dropped and counted. */
export const logBufferBytesMax = 4_194_304;

export interface LogSink {
  /** `at` in milliseconds since 1970. */
  write(entry: LogEntry, at: number): void;
  /** Lines that nobody could take. */
  readonly dropped: number;
  /** Opens the file again, for those who rotate it. */
  reopen(): void;
  /** Writes what waits, as far as it can be written. */
  close(): Promise<void>;
}

/** How long a closing log waits for its reader. Milliseconds. */
const closeMaxMs = 1_000;

/** JSON lines as pino writes them, to a file (0600) or to stderr. A reader who does not read costs lines, never the node. */
export function jsonSink(
  to: { readonly file: string } | { readonly fd: number },
  base: Readonly<Record<string, unknown>>,
  onFault: (error: Error) => void,
): LogSink {
  let dropped = 0;
  const destination = pino.destination({
    ...('file' in to ? { dest: to.file, mkdir: true, mode: 0o600 } : { dest: to.fd }),
    sync: false,
    maxLength: logBufferBytesMax,
  });
  destination.on('drop', () => dropped++);
  destination.on('error', onFault);
  const logger = pino(
    // What may be written is decided before; the time is that of the entry.
    { level: 'trace', base, timestamp: false, messageKey: 'msg', formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
  return {
    write({ level, message, ...fields }, at) {
      logger[level]({ time: new Date(at).toISOString(), ...fields }, message);
    },
    get dropped() {
      return dropped;
    },
    reopen() {
      if ('file' in to) destination.reopen();
    },
    close: () =>
      new Promise<void>((resolve) => {
        const late = setTimeout(resolve, closeMaxMs);
        destination.once('close', () => {
          clearTimeout(late);
          resolve();
        });
        destination.end();
      }),
  };
}
