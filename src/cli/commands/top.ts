import { FlockworkError } from '../../../protocols/errors/error.ts';
import { exitCodes } from '../exit.ts';
import { type CommandIo, printJson, printLine } from '../io.ts';
import { type ConnectionOptions, liveSession, readToken, type Session, withSession } from '../session.ts';
import { Screen } from '../top/screen.ts';
import { TopSource } from '../top/source.ts';
import type { TopState } from '../top/state.ts';
import { viewOf } from '../top/view.ts';

export interface TopOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly interval?: string;
}

/** How often the node is asked. Seconds. */
const intervalDefault = '1';
/** How often the terminal is looked at: its size, and whether a key was pressed. Milliseconds. */
const drawMs = 100;
/** The width of a snapshot that goes into a pipe. */
const pipeColumns = 160;

interface View {
  state: TopState;
  quit: boolean;
  held: boolean;
  /** The node is being asked. */
  reading: boolean;
  askedAt: number;
  failure: unknown;
}

/** A live view of nodes, goals, agents and queues; one snapshot where nobody could watch it. */
export async function top(io: CommandIo, options: TopOptions): Promise<number> {
  const intervalMs = readInterval(options.interval ?? intervalDefault);
  return withSession(await liveSession(io, options), async (session) => {
    const source = new TopSource({ client: session.client, address: addressOf(session), token: await readToken(io, options) });
    try {
      await source.ready();
      const first = await source.read();
      if (options.json === true) await printJson(io, first);
      else if (io.stdout.isTTY !== true || io.stdin.isTTY !== true)
        for (const line of viewOf(first, { columns: pipeColumns, rows: undefined, color: false })) await printLine(io, line);
      else return await live(io, source, first, intervalMs);
      return exitCodes.completed;
    } finally {
      source.close();
    }
  });
}

async function live(io: CommandIo, source: TopSource, first: TopState, intervalMs: number): Promise<number> {
  const color = (io.env['NO_COLOR'] ?? '') === '';
  const screen = new Screen(io);
  const view: View = { state: first, quit: false, held: false, reading: false, askedAt: performance.now(), failure: undefined };
  const release = io.onInterrupt(() => {
    view.quit = true;
  });
  const keys = (async () => {
    for await (const bytes of io.stdin) {
      for (const byte of bytes) {
        const key = String.fromCharCode(byte);
        if (key === 'q' || key === 'Q' || byte === 3 || byte === 4) view.quit = true;
        if (key === ' ') view.held = !view.held;
      }
      if (view.quit) return;
    }
    // The terminal is gone.
    view.quit = true;
  })();
  const ask = async (): Promise<void> => {
    view.reading = true;
    view.askedAt = performance.now();
    try {
      view.state = await source.read();
    } catch (error) {
      view.failure = error;
    } finally {
      view.reading = false;
    }
  };
  try {
    while (!view.quit && view.failure === undefined) {
      if (!view.held && !view.reading && performance.now() - view.askedAt >= intervalMs) void ask();
      screen.draw(viewOf(view.state, { columns: screen.columns, rows: screen.rows, color }, view.held));
      await Promise.race([new Promise((resolve) => setTimeout(resolve, drawMs)), keys]);
    }
  } finally {
    release();
    screen.close();
  }
  if (view.failure !== undefined) throw view.failure;
  return exitCodes.completed;
}

function addressOf({ address }: Session): string {
  if (address === undefined) throw new FlockworkError('no_node', 'no node runs here; begin one with flockwork start, or name one with --connect');
  return address;
}

function readInterval(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.2 && seconds <= 3_600)) throw new FlockworkError('usage', `--interval ${text}: must be a number of seconds from 0.2 to 3600`);
  return seconds * 1_000;
}
