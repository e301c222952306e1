import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Observation } from '../../../actors/ports/observer.ts';
import { LogLevels, parseAreaLevel } from './entry.ts';
import { createLog, type Log, type LogOptions } from './log.ts';
import { textForm } from './text-form.ts';

const step = (facts: Observation['facts'], fields: Partial<Observation> = {}): Observation => ({
  actor: { tenant: 'acme', root: 'g-1', actor: 'agent-t0-1' },
  machine: 'agent',
  seq: 3,
  at: 0,
  facts,
  event: 'effect.failed',
  state: 'backoff',
  context: { task: 't0', attempt: 1 },
  mailboxDepth: 0,
  restarts: 0,
  ...fields,
});
const discarded = step([
  { seq: 4, type: 'model.discarded', data: { call: 'c1', code: 'model_rate_limited', message: 'slow down, sekret', retryable: true, tries: 1 } },
]);
const replied = step([{ seq: 5, type: 'model.replied', data: { call: 'c1', finish: 'stop', tokens: 12, text: 'a long answer' } }]);

describe('levels', () => {
  test.each(['model', 'model=loud', 'nobody=debug', 'model=debug=info', ''])('%j is no level of an area', (text) =>
    expect(parseAreaLevel(text)).toBeUndefined(),
  );

  test('an area may be louder or quieter than the rest, and levels change while it runs', () => {
    const levels = new LogLevels({ level: 'warn', areas: ['model=debug', 'tool=silent'] });
    const all = () => [levels.writes('model', 'debug'), levels.writes('tool', 'error'), levels.writes('goal', 'warn'), levels.writes('goal', 'info')];
    expect(all()).toEqual([true, false, true, false]);
    levels.set({ level: 'info', areas: [] });
    expect(all()).toEqual([false, true, true, true]);
  });
});

describe('the log', () => {
  let folder: string;
  const open: Log[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flockwork-log-'));
  });
  afterEach(async () => {
    for (const log of open.splice(0)) await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function make(options: Partial<LogOptions> = {}): Promise<{ log: Log; lines: string[] }> {
    const lines: string[] = [];
    const log = await createLog({
      format: 'text',
      file: '',
      level: 'info',
      areas: [],
      writeLine: (line) => void lines.push(line),
      color: false,
      base: { pid: 7 },
      redact: (text) => text.replaceAll('sekret', '[redacted]'),
      now: () => 0,
      ...options,
    });
    open.push(log);
    return { log, lines };
  }

  test('holds its entries until it begins, then tells them in order', async () => {
    const { log, lines } = await make();
    log.write({ level: 'info', area: 'node', message: 'one' });
    log.observe(discarded);
    expect(lines).toEqual([]);
    log.begin();
    log.write({ level: 'debug', area: 'node', message: 'too quiet' });
    log.write({ level: 'error', area: 'node', message: 'two' });
    expect(lines.map((line) => line.slice(13))).toEqual([
      'info  node  one',
      'warn  model g-1 agent-t0-1 model.discarded: slow down, [redacted] (model_rate_limited) call=c1 tries=1',
      'error node  two',
    ]);
  });

  test('what models say is never logged', async () => {
    const { log, lines } = await make({ level: 'trace' });
    log.begin();
    log.observe(replied);
    expect(lines[0]).toContain('model.replied call=c1 finish=stop tokens=12');
    expect(lines.join()).not.toContain('a long answer');
  });

  test('follows settings that change', async () => {
    const { log, lines } = await make();
    let settings = { level: 'info' as const, areas: [] as string[] };
    log.follow(() => settings);
    log.begin();
    log.observe(replied);
    expect(lines).toEqual([]);
    settings = { level: 'info', areas: ['model=debug'] };
    log.observe(replied);
    expect(lines).toHaveLength(1);
  });

  test('JSON lines carry goal, task, agent and trace, and the file is for its owner only', async () => {
    const file = join(folder, 'logs', 'node.log');
    const { log } = await make({ format: 'json', file });
    log.begin();
    log.observe(discarded);
    await log.close();
    const [line = ''] = (await readFile(file, 'utf8')).split('\n');
    expect(JSON.parse(line)).toEqual({
      level: 'warn',
      time: '1970-01-01T00:00:00.000Z',
      pid: 7,
      area: 'model',
      event: 'model.discarded',
      tenant: 'acme',
      goal: 'g-1',
      task: 't0',
      attempt: 1,
      agent: 'agent-t0-1',
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      code: 'model_rate_limited',
      data: { call: 'c1', tries: 1 },
      msg: 'model.discarded: slow down, [redacted]',
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('a file that was moved away is opened again', async () => {
    const file = join(folder, 'node.log');
    const { log } = await make({ format: 'json', file });
    log.begin();
    log.write({ level: 'info', area: 'node', message: 'before' });
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toContain('before'), { timeout: 5_000, interval: 5 });
    await rename(file, `${file}.1`);
    log.reopen();
    log.write({ level: 'info', area: 'node', message: 'after' });
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toContain('after'), { timeout: 5_000, interval: 5 });
    expect(await readFile(`${file}.1`, 'utf8')).not.toContain('after');
  });

  test('a file that cannot be written is told once, and costs lines, not the process', async () => {
    const { log, lines } = await make({ format: 'json', file: '/dev/full' });
    log.begin();
    for (let at = 0; at < 100; at++) log.write({ level: 'info', area: 'node', message: `line ${at}` });
    await vi.waitFor(() => expect(lines).toEqual([expect.stringContaining('cannot be written')]), { timeout: 5_000, interval: 5 });
  });
});

test('text from others can neither break a line nor paint it', () => {
  const line = textForm({ level: 'info', area: 'tool', message: 'a\nb\u001b[31mc\u0007' }, 0, false);
  expect(line.slice(13)).toBe('info  tool  a b [31mc ');
});
