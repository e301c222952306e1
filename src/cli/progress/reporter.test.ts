import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import type { CommandIo } from '../io.ts';
import { createReporter } from './reporter.ts';

/** A terminal that knows cursor up, erase below and line feeds: what a person would see. */
class Screen {
  readonly isTTY: boolean;
  readonly columns = 60;
  readonly rows = 20;
  text = '';
  lines: string[] = [''];

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    // A carriage return goes to the beginning of a line that is empty here anyway.
    for (const part of text.split(/(\u001b\[[?0-9;]*[A-Za-z]|\n)/)) {
      const up = /^\u001b\[(\d+)A$/.exec(part);
      if (up !== null) this.lines.splice(this.lines.length - 1 - Number(up[1]), Number(up[1]));
      else if (part === '\n') this.lines.push('');
      else if (!part.startsWith('\u001b')) this.lines[this.lines.length - 1] += part.replaceAll('\r', '');
    }
    return true;
  }

  once(): undefined {
    return undefined;
  }
}

function terminal(isTTY: boolean, env: Record<string, string> = {}): { io: CommandIo; out: Screen; err: Screen } {
  const [out, err] = [new Screen(isTTY), new Screen(isTTY)];
  return { out, err, io: { stdout: out, stderr: err, stdin: Readable.from([]), env, cwd: '/', onInterrupt: () => () => undefined, exitNow: () => undefined } };
}

const event = (seq: number, actor: string, type: string, data: Record<string, unknown> = {}): GoalEvent => ({
  goalId: 'g',
  cursor: `s-${seq}-0`,
  actor,
  seq,
  at: seq * 1_000,
  type,
  data,
});
const story = [
  event(1, 'coordinator', 'goal.started'),
  event(2, 'coordinator', 'plan.made', { strategy: 'single', tasks: 1, count: 1 }),
  event(3, 'agent-t0-1', 'task.started', { task: 't0', attempt: 1, role: 'single' }),
  event(4, 'coordinator', 'task.completed', { task: 't0' }),
];

describe('on a terminal', () => {
  test('the picture replaces itself, lines stay above it, and nothing is left behind', async () => {
    const { io, out, err } = terminal(true);
    const reporter = createReporter(io, { json: false });
    await reporter.event(event(1, 'coordinator', 'goal.started'));
    reporter.say('a note');
    for (const one of story) await reporter.event(one);
    await expect.poll(() => err.lines.join('\n')).toContain('1/1 task');
    expect(err.lines.filter((line) => line.includes('/1 task'))).toHaveLength(1);
    reporter.stop();
    expect(err.lines).toEqual(['a note', '']);
    expect(out.text).toBe('');
  });

  test('NO_COLOR takes the colours away', async () => {
    for (const [env, colored] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
    ] as const) {
      const { io, err } = terminal(true, env);
      const reporter = createReporter(io, { json: false });
      await reporter.event(event(1, 'coordinator', 'goal.started'));
      reporter.stop();
      expect(/\u001b\[\d+m/.test(err.text)).toBe(colored);
    }
  });
});

describe('in a pipe', () => {
  test('a plain line per event that a person cares about', async () => {
    const { io, out, err } = terminal(false);
    const reporter = createReporter(io, { json: false });
    for (const one of story) await reporter.event(one);
    reporter.stop();
    expect(err.text).toBe('goal.started\nplan.made: single, 1 task expected\ntask.started t0: single\ntask.completed t0\n');
    expect(out.text).toBe('');
  });

  test('history is left out of a resumed goal', async () => {
    const { io, err } = terminal(false);
    const reporter = createReporter(io, { json: false, linesSince: 4_000 });
    for (const one of story) await reporter.event(one);
    expect(err.text).toBe('task.completed t0\n');
  });

  test('with --json every event is one line on stdout, and nothing is on stderr, on a terminal too', async () => {
    for (const isTTY of [true, false]) {
      const { io, out, err } = terminal(isTTY);
      const reporter = createReporter(io, { json: true });
      for (const one of story) await reporter.event(one);
      reporter.stop();
      expect(
        out.text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual(story);
      expect(err.text).toBe('');
    }
  });
});
