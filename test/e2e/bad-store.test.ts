import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { type Ended, goalIn, jsonLines, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();
const isRoot = process.getuid?.() === 0;

const told = ({ code, err }: Ended): [number | null, string] => [code, err];

/** A file system of its own, small enough to fill. */
async function smallDisk(): Promise<{ readonly folder: string; fill: (leave: number) => Promise<void>; free: () => Promise<void> }> {
  const folder = stage().path('disk');
  await mkdir(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { encoding: 'utf8' });
  if (mounted.status !== 0) throw new Error(`no file system could be mounted: ${mounted.stderr}`);
  stage().atClose(() => void spawnSync('umount', [folder]));
  return {
    folder,
    fill: async (leave) => {
      const { bavail, bsize } = await statfs(folder);
      await appendFile(`${folder}/ballast`, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
    },
    free: () => rm(`${folder}/ballast`),
  };
}

const mayMount = ((): boolean => {
  if (!isRoot) return false;
  const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return probe.status === 0;
})();

describe('a data folder that cannot be used', () => {
  test.each([
    ['a file', 'notes.txt'],
    ['below a file', 'notes.txt/data'],
    ['on a file system that takes no folders', '/proc/flockwork'],
  ])('%s', async (_, dir) => {
    await stage().write('notes.txt', 'x\n');
    for (const command of [
      ['run', 'x'],
      ['start', '--http-port', '0'],
    ]) {
      expect(told(await stage().cli(...command, '--data-dir', dir))).toEqual([
        2,
        expect.stringMatching(/^flockwork: the data folder .+ cannot be made or written \(.+\); choose another with --data-dir \(data_dir_unusable\)\n$/),
      ]);
    }
    expect(await stage().read('notes.txt')).toBe('x\n');
  });

  test.skipIf(isRoot)('one that may not be written', async () => {
    await mkdir(stage().data, { mode: 0o500 });
    expect(told(await stage().cli('run', 'x'))).toEqual([2, expect.stringContaining('(data_dir_unusable)')]);
  });

  test('a store of a newer release', async () => {
    expect((await stage().cli('run', 'x')).code).toBe(0);
    const database = new DatabaseSync(stage().path('.flockwork/flockwork.db'));
    database.exec('PRAGMA user_version = 1000');
    database.close();
    expect(told(await stage().cli('run', 'x'))).toEqual([2, expect.stringMatching(/newer Flockwork \(schema 1000.*\(data_dir_unusable\)/)]);
  });

  test('a second node, and another run, are told who has it; a client command asks the one that has it', { timeout: 2 * processMaxMs }, async () => {
    const { model, env } = await stage().model();
    const running = stage().start(['run', 'wait', '--model', 'openai/hang', '--strategy', 'single'], { env });
    await until('the model is asked', () => model.calls.length === 1);
    const owner = new RegExp(`owned by the live node with pid ${running.child.pid}.*\\(data_dir_locked\\)`);
    expect(told(await stage().cli('start', '--http-port', '0'))).toEqual([2, expect.stringMatching(owner)]);
    expect(told(await stage().cli('run', 'x'))).toEqual([
      2,
      expect.stringMatching(/a flockwork run works on .* until its goal has ended.*\(data_dir_locked\)/),
    ]);
    // The run itself answers those who only look.
    expect((await stage().cli('goals')).out).toContain('running');
    // None of them took anything away from the owner.
    expect((await stage().read('.flockwork/node.pid')).trim()).toBe(String(running.child.pid));
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });
});

describe('a full disk', () => {
  test.runIf(mayMount)('refuses a goal whole, lets what runs wait, and goes on when there is room', { timeout: 3 * processMaxMs }, async () => {
    const disk = await smallDisk();
    const dir = ['--data-dir', `${disk.folder}/data`];
    await stage().write('large.bin', Buffer.alloc(6_000_000, 7));
    const refused = await stage().cli('run', 'x', '--input', 'large.bin', ...dir);
    expect(told(refused)).toEqual([1, expect.stringMatching(/the disk of the data folder is full and nothing was written.*\(store_full\)\n$/)]);
    expect(jsonLines((await stage().cli('goals', '--json', ...dir)).out)).toEqual([]);

    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { model, env } = await stage().model({ script: () => asked.then(() => ({ text: 'answered once' })) });
    const running = stage().start(['run', 'wait', '--model', 'openai/any', '--strategy', 'single', ...dir], { env });
    await until('the model is asked', () => model.calls.length === 1);
    await disk.fill(0);
    answer();
    await until('the answer is there', () => model.calls[0]?.answered === true);
    await until('somebody says that the disk is full', () => running.err().includes('is full'));
    expect(running.child.exitCode).toBe(null);
    await disk.free();
    expect(await running.ended).toMatchObject({ code: 0, out: 'answered once\n' });
    // The answer that could not be stored was kept, not asked for again.
    expect(model.calls).toHaveLength(1);
    expect(
      running
        .err()
        .split('\n')
        .filter((line) => line.includes('is full')).length,
    ).toBeLessThan(20);
    expect((await stage().cli('audit', 'verify', ...dir)).code).toBe(0);
  });

  test.runIf(mayMount)('does not keep a node from ending', { timeout: 3 * processMaxMs }, async () => {
    const disk = await smallDisk();
    const dir = ['--data-dir', `${disk.folder}/data`];
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { model, env } = await stage().model({ script: () => asked.then(() => ({ text: 'answered' })) });
    const running = stage().start(['run', 'wait', '--model', 'openai/any', '--strategy', 'single', ...dir], { env });
    await until('the model is asked', () => model.calls.length === 1);
    await disk.fill(0);
    answer();
    await until('somebody says that the disk is full', () => running.err().includes('is full'));
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    expect([ended.code, ended.err]).toEqual([130, expect.stringContaining(`flockwork resume ${goalIn(ended.err)}`)]);
    await disk.fill(0);
    expect(told(await stage().cli('goals', ...dir))).toEqual([1, expect.stringMatching(/is full.*\(store_full\)\n$/)]);
    await disk.free();
    expect(await stage().start(['resume', ...dir], { env }).ended).toMatchObject({ code: 0, out: 'answered\n' });
  });

  test.skipIf(mayMount)('needs a machine on which a file system may be mounted', () => {
    if (isRoot && process.env['CI'] === '1') throw new Error('root may not mount a tmpfs here; run the suite in a container that may (CAP_SYS_ADMIN)');
  });
});

describe('a damaged store', () => {
  /** A goal that has ended, and the file that holds it. */
  async function endedGoal(): Promise<{ id: string; file: string }> {
    await stage().write('notes.txt', 'TODO the needle in the haystack\n');
    const run = await stage().cli('run', 'Find every TODO', '--input', 'notes.txt');
    expect(run.code).toBe(0);
    return { id: goalIn(run.err), file: stage().path('.flockwork/flockwork.db') };
  }

  test('a flipped byte in a record is found, and the actor and the record are named', { timeout: 2 * processMaxMs }, async () => {
    const { id, file } = await endedGoal();
    const bytes = await readFile(file);
    // In the text of a fact of the agent: still JSON, still a record, only another one.
    const at = bytes.indexOf('the needle in the haystack', bytes.indexOf('tool.completed'));
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(file, bytes);

    const verified = await stage().cli('audit', 'verify');
    expect([verified.code, verified.out, verified.err]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^${id} {2}BROKEN`)),
      expect.stringMatching(/agent-t0-1 record \d+: .+ \(journal_corrupt\)/),
    ]);
    const replayed = await stage().cli('replay', id);
    expect(told(replayed)).toEqual([1, expect.stringMatching(/agent-t0-1 record \d+: .+ \((journal_corrupt|replay_diverged)\)/)]);
    const [report] = jsonLines((await stage().cli('audit', 'verify', id, '--json')).out);
    const [, record] = /agent-t0-1 record (\d+)/.exec(verified.err) ?? [];
    expect(report).toMatchObject({ goalId: id, ok: false, problems: [{ actor: 'agent-t0-1', n: Number(record), code: 'journal_corrupt' }] });
    // The rest of the folder stays usable, and other goals stay whole.
    const other = await stage().cli('run', 'Find every TODO', '--input', 'notes.txt');
    expect(other.code).toBe(0);
    expect((await stage().cli('audit', 'verify', goalIn(other.err))).code).toBe(0);
  });

  test('a header that is none is said, and nothing is written over it', { timeout: 2 * processMaxMs }, async () => {
    const { file } = await endedGoal();
    const bytes = await readFile(file);
    bytes.write('no database any more', 0, 'latin1');
    await writeFile(file, bytes);
    for (const command of [['run', 'x'], ['goals'], ['start', '--http-port', '0']]) {
      expect(told(await stage().cli(...command))).toEqual([
        1,
        expect.stringMatching(
          /^flockwork: could not open .*flockwork\.db: the database is damaged .*restore the data folder from a backup \(journal_corrupt\)\n$/m,
        ),
      ]);
    }
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  test('a page that is lost is said by whoever needs it', { timeout: 2 * processMaxMs }, async () => {
    const { id, file } = await endedGoal();
    const bytes = await readFile(file);
    const { size } = await stat(file);
    bytes.fill(0xa5, 4_096, Math.min(size, 16 * 4_096));
    await writeFile(file, bytes);
    const verified = await stage().cli('audit', 'verify', id);
    expect(told(verified)).toEqual([1, expect.stringMatching(/\(journal_corrupt\)\n$/)]);
  });
});
