import type { Environment } from '../config/index.ts';
import { printable } from './output/table.ts';

/** A stream to write to, with what a terminal adds. */
export interface OutputStream {
  write(text: string, done?: () => void): boolean;
  once(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type InterruptSignal = 'SIGINT' | 'SIGTERM';

/** Everything a command touches of its process. Tests pass their own. */
export interface CommandIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly env: Environment;
  readonly cwd: string;
  /** Calls back at each Ctrl-C or SIGTERM, in place of ending the process, until the returned function is called. */
  onInterrupt(listener: (signal: InterruptSignal) => void): () => void;
  /** Calls back at each SIGHUP until the returned function is called; absent where the terminal is gone with it. */
  onHangup?(listener: () => void): () => void;
  /** Ends the process at once. */
  exitNow(code: number): void;
}

/** Writes a line of the result; resolves when the reader can take more. */
export async function printLine(io: CommandIo, line: string): Promise<void> {
  if (!io.stdout.write(`${line}\n`)) await new Promise<void>((drained) => io.stdout.once('drain', drained));
}

/** Writes text of others as the result: as it is into a pipe, made safe on a terminal. */
export function printText(io: CommandIo, text: string): Promise<void> {
  return printLine(io, (io.stdout.isTTY === true ? printable(text) : text).replace(/\n$/, ''));
}

/** Writes one JSON line of the result. */
export function printJson(io: CommandIo, value: unknown): Promise<void> {
  return printLine(io, JSON.stringify(value));
}

/** Writes a note for the person who reads along; never part of the result. */
export function note(io: CommandIo, line: string): void {
  io.stderr.write(`${line}\n`);
}
