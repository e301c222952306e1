import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { type CommandIo, note, printJson } from '../io.ts';
import { progressFrame } from './frame.ts';
import { Narrator } from './narrator.ts';
import { noProgress, type ProgressState, reduceProgress } from './state.ts';

/** Shows a goal as it goes on. `stop` leaves the terminal as it was found. */
export interface Reporter {
  event(event: GoalEvent): Promise<void>;
  /** A line for the person, kept above whatever is redrawn. */
  say(line: string): void;
  stop(): void;
}

/** The least time between two frames, in milliseconds. */
export const frameMs = 100;
/** The most lines of the live picture. */
export const frameLinesMax = 14;
const columnsDefault = 80;
const rowsDefault = 24;

export function createReporter(io: CommandIo, options: { readonly json: boolean; readonly quiet?: boolean; readonly linesSince?: number }): Reporter {
  if (options.json) return jsonReporter(io);
  if (options.quiet === true) return quietReporter(io);
  return io.stderr.isTTY === true && io.env['TERM'] !== 'dumb' ? liveReporter(io) : lineReporter(io, options.linesSince ?? 0);
}

function jsonReporter(io: CommandIo): Reporter {
  return {
    event: (event) => printJson(io, event),
    say: (line) => note(io, line),
    stop: () => undefined,
  };
}

function quietReporter(io: CommandIo): Reporter {
  return { event: () => Promise.resolve(), say: (line) => note(io, line), stop: () => undefined };
}

/** Plain lines, for pipes and logs; those of before `since` (milliseconds since 1970) are history and left out. */
function lineReporter(io: CommandIo, since: number): Reporter {
  const narrator = new Narrator();
  return {
    event(event) {
      const told = narrator.tell(event);
      if (event.at >= since) for (const { line } of told) note(io, line);
      return Promise.resolve();
    },
    say: (line) => note(io, line),
    stop: () => undefined,
  };
}

/** A picture redrawn in place; how something was decided stays above it. */
function liveReporter(io: CommandIo): Reporter {
  const narrator = new Narrator();
  let state: ProgressState = noProgress;
  let drawn = 0;
  let drawnAt = 0;
  let timer: NodeJS.Timeout | undefined;

  // The carriage return undoes the ^C that a terminal shows.
  const erase = (): string => (drawn === 0 ? '' : `\r\u001b[${drawn}A\u001b[0J`);
  const draw = (): void => {
    // A terminal that does not know its size says 0.
    const columns = io.stderr.columns || columnsDefault;
    const rows = io.stderr.rows || rowsDefault;
    const color = (io.env['NO_COLOR'] ?? '') === '';
    const lines = progressFrame(state, { columns, linesMax: Math.max(1, Math.min(frameLinesMax, rows - 2)), color, now: Date.now() });
    // Without line wrap a character wider than counted cannot make a line two lines high.
    io.stderr.write(`\u001b[?7l${erase()}${lines.map((line) => `${line}\n`).join('')}\u001b[?7h`);
    drawn = lines.length;
    drawnAt = Date.now();
  };
  const drawLater = (): void => {
    timer = undefined;
    draw();
  };
  // The clock in the bar goes on while nothing happens.
  const tick = setInterval(() => {
    if (drawn > 0) draw();
  }, 1_000);
  tick.unref();

  const say = (line: string): void => {
    io.stderr.write(`${erase()}${line}\n`);
    drawn = 0;
  };

  return {
    event(event) {
      state = reduceProgress(state, event);
      for (const { line, lasting } of narrator.tell(event)) if (lasting) say(line);
      const wait = drawnAt + frameMs - Date.now();
      if (wait <= 0) draw();
      else timer ??= setTimeout(drawLater, wait);
      return Promise.resolve();
    },
    say,
    stop() {
      clearInterval(tick);
      clearTimeout(timer);
      io.stderr.write(erase());
      drawn = 0;
    },
  };
}
