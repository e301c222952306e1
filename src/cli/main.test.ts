import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
/** What a starting process and a small goal may take on a busy machine, in milliseconds. */
const processMaxMs = 60_000;

let cwd: string;
let children: ChildProcessWithoutNullStreams[];
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'flockwork-cli-'));
  children = [];
  await writeFile(join(cwd, 'notes.txt'), 'first line\nTODO water the plants\n');
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(cwd, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

function start(argv: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [main, ...argv], { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => child.on('close', (code) => resolve({ code, out, err })));
  child.stdin.end();
  return { child, out: () => out, err: () => err, ended };
}

const cli = (...argv: string[]) => start(argv).ended;

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: processMaxMs, interval: 25 }).toBe(true);
}

/** A model server of the command line, and the environment that names it. */
async function mockModel(): Promise<Record<string, string>> {
  const server = start(['mock-model']);
  await until(() => server.out().includes('\nready'));
  return { OPENAI_BASE_URL: /^http {2}(\S+)/.exec(server.out())?.[1] ?? '' };
}

describe('run', () => {
  test('prints the result on stdout and everything else on stderr', { timeout: processMaxMs }, async () => {
    const { code, out, err } = await cli('run', 'Find every TODO', '--input', 'notes.txt');
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect(out).toContain('notes.txt:2');
    expect(out).not.toContain('flockwork:');
    expect(err.split('\n')[0]).toMatch(/^flockwork: model offline\/\S+ \(.+\) · bus embedded · data .+\.flockwork · quota 10 rounds per agent, /);
    expect(err).toMatch(/\ncompleted in /);
  });

  test('--json: the events, then the result, one line each', { timeout: processMaxMs }, async () => {
    const { code, out } = await cli('run', 'Find every TODO', '--input', 'notes.txt', '--json');
    expect(code).toBe(0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ actor: 'coordinator', seq: 1, type: 'goal.accepted' });
    expect(lines.at(-2)).toMatchObject({ type: 'goal.completed' });
    expect(lines.at(-1)).toMatchObject({ type: 'result', id: lines[0]?.['goalId'], status: 'completed', usage: { toolCalls: expect.any(Number) } });
    const id = String(lines[0]?.['goalId']);
    expect((await cli('replay', id)).code).toBe(0);
    const audit = await cli('audit', 'verify', '--json');
    expect(JSON.parse(audit.out)).toMatchObject({ goalId: id, ok: true });
    expect((await cli('watch', id, '--json')).out).toBe(out);
  });

  test('Ctrl-C cancels the goal and leaves with 130', { timeout: processMaxMs }, async () => {
    const running = start(['run', 'wait', '--model', 'openai/hang', '--strategy', 'single'], await mockModel());
    await until(() => running.err().includes('task.started'));
    running.child.kill('SIGINT');
    const { code, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toContain('goal.cancelled');
    expect(JSON.parse((await cli('goals', '--json')).out)).toMatchObject({ status: 'cancelled' });
  });

  test('SIGTERM leaves the goal to be resumed, which begins where it stood', { timeout: 2 * processMaxMs }, async () => {
    const env = await mockModel();
    const running = start(['run', 'go on', '--input', 'notes.txt', '--model', 'openai/steps-3-l300', '--strategy', 'single'], env);
    await until(() => running.err().includes('tool.requested'));
    running.child.kill('SIGTERM');
    const { code, err } = await running.ended;
    const id = /flockwork resume (\S+)/.exec(err)?.[1] ?? '';
    expect([code, id]).toEqual([130, expect.stringMatching(/^g/)]);
    expect(JSON.parse((await cli('goals', '--json')).out)).toMatchObject({ id, status: 'running' });
    const next = await start(['run', 'something else', '--model', 'offline'], env).ended;
    expect(next.err).toContain(`flockwork resume ${id}`);
    const resumed = await start(['resume', id], env).ended;
    expect([resumed.code, resumed.out]).toEqual([0, 'Done after 3 steps.\n']);
  });

  test('a goal that ran out of its quota pauses, and a larger one completes it', { timeout: 2 * processMaxMs }, async () => {
    const env = await mockModel();
    const goal = ['--input', 'notes.txt', '--model', 'openai/steps-3', '--strategy', 'single'];
    const paused = await start(['run', 'work', ...goal, '--quota', 'maxToolCalls=1'], env).ended;
    const [, id = ''] = /go on with: flockwork resume (\S+) --quota maxToolCalls=<larger>/.exec(paused.err) ?? [];
    expect([paused.code, id]).toEqual([1, expect.stringMatching(/^g/)]);
    const resumed = await start(['resume', id, '--quota', 'maxToolCalls=50'], env).ended;
    expect([resumed.code, resumed.out]).toEqual([0, 'Done after 3 steps.\n']);
  });
});

describe('start', () => {
  test('prints its endpoints, then ready; clients and `run` find it; SIGTERM ends it with 0', { timeout: 2 * processMaxMs }, async () => {
    const node = start(['start', '--http-port', '0']);
    await until(() => node.out().includes('\nready'));
    const [http = '', ws = '', ready = ''] = node.out().split('\n');
    expect([http, ws, ready]).toEqual([
      expect.stringMatching(/^http {2}http:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^ws {4}ws:\/\/127\.0\.0\.1:\d+\/v1\/ws$/),
      expect.stringMatching(/^ready /),
    ]);
    const endpoints = join(cwd, '.flockwork', 'endpoints.json');
    expect((await stat(endpoints)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(endpoints, 'utf8'))).toMatchObject({ pid: node.child.pid, http: http.slice(6), ws: ws.slice(6) });

    const submitted = await cli('submit', 'Find every TODO', '--input', 'notes.txt', '--watch');
    expect([submitted.code, submitted.out.includes('notes.txt:2')]).toEqual([0, true]);
    const run = await cli('run', 'Find every TODO again', '--input', 'notes.txt');
    expect([run.code, run.err]).toEqual([0, expect.stringContaining('a node already works on')]);
    const listed = await start(['goals', '--json'], { FLOCKWORK_CONNECT: http.slice(6) }).ended;
    expect(listed.out.trimEnd().split('\n')).toHaveLength(2);
    const second = await cli('start', '--http-port', '0');
    expect([second.code, second.out, second.err]).toEqual([2, '', expect.stringContaining('(data_dir_locked)')]);

    node.child.kill('SIGTERM');
    expect((await node.ended).code).toBe(0);
    expect(await readFile(endpoints, 'utf8').catch((error: NodeJS.ErrnoException) => error.code)).toBe('ENOENT');
  });
});
