import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findingsIn } from '../../src/models/offline/citations.ts';
import { checkout, goalIn, jsonLines, useStage } from './stage.ts';

const stage = useStage();
const sample = join(checkout, 'examples/sample-service');
const ask = 'Find every TODO and FIXME and say which matter most';
const marked = /\b(TODO|FIXME)\b/;

interface Place {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** Every file of a folder by its path, as text. */
async function filesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    files.set(full.slice(folder.length + 1), await readFile(full, 'utf8'));
  }
  return files;
}

function placesOf(report: string): readonly Place[] {
  return findingsIn(report).flatMap(({ path, line, text, more }) => [{ path, line, text }, ...more]);
}

describe('the first command of the README', () => {
  test('prints a ranked report whose citations are true and complete, and nothing else on stdout', async () => {
    const before = await filesOf(sample);
    const { code, out, err } = await stage().cli('run', ask, '--input', sample);
    expect([code, err]).toEqual([0, expect.any(String)]);

    const places = placesOf(out);
    for (const { path, line, text } of places) {
      const cited = before.get(path)?.split('\n')[line - 1] ?? `there is no ${path}:${line}`;
      expect(cited.trim()).toContain(text.replace(/ …$/, ''));
    }
    const all = [...before].flatMap(([path, text]) => text.split('\n').flatMap((one, index) => (marked.test(one) ? [`${path}:${index + 1}`] : [])));
    expect(all.length).toBeGreaterThan(10);
    expect(
      places
        .map(({ path, line }) => `${path}:${line}`)
        .filter((place) => all.includes(place))
        .sort(),
    ).toEqual(all.sort());
    // What is broken stands above what is only left to do.
    const words = places.flatMap(({ text }) => marked.exec(text)?.[1] ?? []);
    expect(words.lastIndexOf('FIXME')).toBeLessThan(words.indexOf('TODO'));

    const told = err.split('\n');
    expect(told[0]).toMatch(/^flockwork: model offline\/\S+ \(.+\) · bus embedded · data \/.+\.flockwork · quota 10 rounds per agent, .*tokens/);
    expect(told.at(-2)).toMatch(/^completed in .+ · goal g-\w+$/);
    for (const line of out.split('\n')) expect(line).not.toMatch(/^(flockwork:|goal\.|task\.|tool\.|completed in)/);
    expect(out + err).not.toContain('\u001b');
    expect(await filesOf(sample)).toEqual(before);
  });

  test('--json prints the events, then the result, and no other line', async () => {
    const { code, out, err } = await stage().cli('run', ask, '--input', sample, '--json');
    expect([code, err]).toEqual([0, expect.any(String)]);
    const lines = jsonLines(out);
    const result = lines.at(-1) ?? {};
    const id = goalIn(err);
    expect(result).toEqual({
      type: 'result',
      id,
      status: 'completed',
      result: expect.stringContaining('order-service.ts:44'),
      usage: {
        modelCalls: expect.any(Number),
        toolCalls: expect.any(Number),
        tokens: expect.any(Number),
        costUsd: 0,
        estimated: false,
        seconds: expect.any(Number),
      },
      tasks: { total: 5, running: 0, completed: 5, failed: 0 },
    });
    const events = lines.slice(0, -1);
    const seqs = new Map<unknown, number>();
    for (const event of events) {
      expect(Object.keys(event)).toEqual(['goalId', 'cursor', 'actor', 'seq', 'at', 'type', 'data']);
      expect(event).toMatchObject({ goalId: id, cursor: expect.stringMatching(/^\w+-\d+-\d+$/), type: expect.stringMatching(/^[a-z]+\.[a-z]+$/) });
      const seq = (seqs.get(event['actor']) ?? 0) + 1;
      expect(event['seq']).toBe(seq);
      seqs.set(event['actor'], seq);
    }
    expect([events[0]?.['type'], events.at(-1)?.['type']]).toEqual(['goal.accepted', 'goal.completed']);
    // Another process reads the same, to the byte.
    expect((await stage().cli('watch', id, '--json')).out).toBe(out);
  });

  test('a reader that has seen enough is no error', async () => {
    const { main, node } = { main: join(checkout, 'src/cli/main.ts'), node: process.execPath };
    const script = `set -o pipefail; "$1" "$2" run "$3" --input "$4" --json | head -1`;
    const { code, out, err } = await stage().spawn('bash', ['-c', script, 'bash', node, main, ask, sample]).ended;
    expect([code, jsonLines(out).map(({ type }) => type)]).toEqual([0, ['goal.accepted']]);
    expect(err).not.toMatch(/EPIPE|Error|at .*\.ts:\d+/);
  });
});

describe('on a terminal', () => {
  /** The command under a terminal of its own; what comes back is what the terminal got. */
  const onTerminal = async (env: Record<string, string>): Promise<{ code: number | null; shown: string }> => {
    const argv = [process.execPath, join(checkout, 'src/cli/main.ts'), 'run', ask, '--input', sample].map((word) => `'${word}'`).join(' ');
    const { code, out } = await stage().spawn('script', ['-qec', argv, '/dev/null'], { env: { TERM: 'xterm-256color', ...env } }).ended;
    return { code, shown: out };
  };
  const escapeCode = '\u001b';
  const color = new RegExp(`${escapeCode}\\[[0-9;]*m`);

  test('progress is drawn in place, in color, and gone before the report; a terminal without a size counts as one of 80 columns', async () => {
    const { code, shown } = await onTerminal({});
    expect([code, color.test(shown), shown.includes(`${escapeCode}[0J`)]).toEqual([0, true, true]);
    const report = shown.slice(shown.lastIndexOf(escapeCode));
    expect(report).toContain('`src/orders/order-service.ts:44`');
  });

  test('NO_COLOR leaves the color out', async () => {
    const { code, shown } = await onTerminal({ NO_COLOR: '1' });
    expect([code, color.test(shown), shown.includes(`${escapeCode}[0J`)]).toEqual([0, false, true]);
  });
});

describe('goals from elsewhere', () => {
  test('the standard input is a text, and -f is a whole goal', async () => {
    const text = 'all is well\nFIXME the roof leaks\n';
    const piped = await stage().start(['run', 'Find every FIXME', '--input', '-'], { stdin: text }).ended;
    expect([piped.code, piped.out]).toEqual([0, expect.stringContaining('FIXME the roof leaks')]);
    const goal = {
      goal: 'Find every FIXME',
      strategy: { type: 'map-reduce', concurrency: 2 },
      inputs: [{ kind: 'items', items: ['FIXME one', 'nothing', 'FIXME two'] }],
      quota: { maxSeconds: 100 },
    };
    await stage().write('goal.json', JSON.stringify(goal));
    const filed = await stage().cli('run', '-f', 'goal.json', '--json');
    const lines = jsonLines(filed.out);
    expect([filed.code, filed.err.split('\n')[0]]).toEqual([0, expect.stringContaining('1 min 40 s')]);
    expect(lines[0]).toMatchObject({ data: { strategy: { type: 'map-reduce', concurrency: 2 }, parts: 3 } });
    expect(lines.at(-1)).toMatchObject({ status: 'completed', result: expect.stringMatching(/FIXME one[\s\S]*FIXME two/) });
  });
});

describe('a run that fails', () => {
  test('ends with 1 and says why at its end, where a terminal still shows it', async () => {
    const { env } = await stage().model();
    const { code, out, err } = await stage().start(['run', 'ask', '--model', 'openai/http401', '--strategy', 'single'], { env }).ended;
    expect([code, out, err.trimEnd().split('\n').slice(-3)]).toEqual([
      1,
      '',
      [
        expect.stringMatching(/^failed after /),
        expect.stringMatching(/^flockwork: .+ \(task_failed\)$/),
        expect.stringMatching(/^task t0: .+ \(model_auth\)$/),
      ],
    ]);
    // Looking at what is there needs no model.
    const listed = await stage().start(['goals', '--json'], { env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' } }).ended;
    expect([listed.code, listed.err, jsonLines(listed.out)]).toEqual([
      0,
      '',
      [expect.objectContaining({ id: goalIn(err), status: 'failed', error: expect.objectContaining({ code: 'task_failed' }) })],
    ]);
  });
});
