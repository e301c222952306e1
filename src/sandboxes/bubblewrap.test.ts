/** @needs bwrap */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBubblewrap } from './bubblewrap.ts';
import { findPidsParent } from './pids-cgroup.ts';
import { findProgram } from './programs.ts';

const bwrap = await findProgram('bwrap', `${process.env['PATH'] ?? ''}:/usr/bin`);
// Without bubblewrap there is nothing to test; on CI that is a failure, not a skip.
const missing = bwrap === undefined && !process.env['CI'];
// RLIMIT_NPROC does not hold for root, and not every machine lets root make a pids cgroup.
const unbounded = process.getuid?.() === 0 && (await findPidsParent()) === undefined;

let base = '';
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'flockwork-bwrap-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const sandbox = createBubblewrap({ processesMax: 40, fileBytesMax: 1 << 20 });
async function run(command: string, extra: { timeoutMs?: number; outputBytesMax?: number; signal?: AbortSignal } = {}) {
  const root = await mkdtemp(join(base, 'root-'));
  const outcome = await sandbox.run({ command, root, timeoutMs: 20_000, outputBytesMax: 100_000, signal: new AbortController().signal, ...extra });
  return { ...outcome, text: new TextDecoder().decode(outcome.output), root };
}

/** Processes of the host whose command line holds the marker. */
async function alive(marker: string): Promise<boolean> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(marker)) return true;
  }
  return false;
}

describe.skipIf(missing)('bubblewrap (skipped where bwrap is not installed)', () => {
  test('probe passes and a command runs in its folder with its exit code', async () => {
    await sandbox.probe();
    const { code, ended, text, root } = await run('pwd; echo made > made.txt; echo complaint >&2; exit 7');
    expect({ code, ended, text }).toEqual({ code: 7, ended: 'exited', text: '/workspace\ncomplaint\n' });
    expect(await readFile(join(root, 'made.txt'), 'utf8')).toBe('made\n');
  });

  test('the environment is empty of the node and its credentials', async () => {
    process.env['FLOCKWORK_TEST_TOKEN'] = 'not-for-the-sandbox';
    try {
      const { text } = await run('env | sort');
      expect(text).not.toContain('not-for-the-sandbox');
      expect(text.split('\n').filter((line) => !/^(PATH|HOME|LANG|PWD|_|OLDPWD)=|^$/.test(line))).toEqual([]);
    } finally {
      delete process.env['FLOCKWORK_TEST_TOKEN'];
    }
  });

  test('host files are invisible and the system is read-only', async () => {
    const secret = join(base, 'host-secret.txt');
    await writeFile(secret, 'host secret');
    const { text } = await run(`cat ${secret}; cat /etc/passwd; ls -d /root /home /sys ${base}; touch /usr/x; touch /etc/x2 && ls /`);
    expect(text).not.toContain('host secret');
    expect(text).not.toContain('root:');
    expect(text.match(/No such file or directory/g)?.length).toBeGreaterThanOrEqual(6);
    expect(text).toMatch(/cannot touch '\/usr\/x'/);
    expect(existsSync('/etc/x2')).toBe(false);
  });

  test('there is no network: not even the loopback of the host', async () => {
    let reached = 0;
    const server = createServer((socket) => {
      reached++;
      socket.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { text } = await run(`bash -c 'echo hi > /dev/tcp/127.0.0.1/${port}' || echo refused; tail -n +3 /proc/net/dev | cut -d: -f1`);
    server.close();
    expect(text).toContain('refused');
    expect(reached).toBe(0);
    expect(text.trim().split('\n').at(-1)?.trim()).toBe('lo');
    expect(text).not.toMatch(/^\s*(eth|en|wl)/m);
  });

  test('no capabilities, no nested user namespaces', async () => {
    const { text } = await run('grep -E "CapEff|NoNewPrivs" /proc/self/status; unshare -U true || echo no-unshare');
    expect(text).toMatch(/CapEff:\s+0{16}/);
    expect(text).toMatch(/NoNewPrivs:\s+1/);
    expect(text).toContain('no-unshare');
  });

  test('a timeout ends the command and everything it started', async () => {
    const { code, ended, text } = await run('echo begun; sleep 71.125 & (setsid sleep 71.125 &) ; sleep 71.125', { timeoutMs: 700 });
    expect({ code, ended, text }).toEqual({ code: null, ended: 'timeout', text: 'begun\n' });
    await expect.poll(() => alive('71.125'), { timeout: 5_000 }).toBe(false);
  });

  test('an abort ends the command and everything it started', async () => {
    const controller = new AbortController();
    const running = run('sleep 72.125', { signal: controller.signal });
    await expect.poll(() => alive('72.125'), { timeout: 10_000 }).toBe(true);
    controller.abort();
    expect((await running).ended).toBe('aborted');
    await expect.poll(() => alive('72.125'), { timeout: 5_000 }).toBe(false);
  });

  test('a flood is ended at its bound', async () => {
    const { ended, output } = await run('yes flood', { outputBytesMax: 50_000 });
    expect(ended).toBe('flood');
    expect(output.length).toBe(50_000);
  });

  test('a background process does not hold the answer back', async () => {
    const { code, text } = await run('sleep 73.125 & echo done');
    expect({ code, text }).toEqual({ code: 0, text: 'done\n' });
    await expect.poll(() => alive('73.125'), { timeout: 5_000 }).toBe(false);
  });

  test('a file is bounded', async () => {
    const { text } = await run('head -c 3000000 /dev/zero > big; wc -c < big');
    expect(text).toContain('1048576');
  });

  test.skipIf(unbounded)('processes are bounded (skipped for root without a pids cgroup)', async () => {
    const many = 'i=0; while [ $i -lt 100 ]; do sleep 5 & i=$((i+1)); done; echo all started';
    const { text } = await run(many);
    expect(text).toContain('Cannot fork');
    expect(text).not.toContain('all started');
    const wide = createBubblewrap({ processesMax: 200 });
    const root = await mkdtemp(join(base, 'wide-'));
    const outcome = await wide.run({ command: many, root, timeoutMs: 20_000, outputBytesMax: 10_000, signal: new AbortController().signal });
    expect(new TextDecoder().decode(outcome.output)).toBe('all started\n');
  });

  test('without bwrap on the path it fails closed and says what to install', async () => {
    const empty = join(base, 'empty-path');
    await mkdir(empty);
    const root = await mkdtemp(join(base, 'closed-'));
    const closed = createBubblewrap({ searchPath: empty });
    await expect(closed.probe()).rejects.toMatchObject({ code: 'sandbox_unavailable', message: expect.stringContaining('apt-get install bubblewrap') });
    const attempt = closed.run({ command: 'touch ran', root, timeoutMs: 1_000, outputBytesMax: 1_000, signal: new AbortController().signal });
    await expect(attempt).rejects.toMatchObject({ code: 'sandbox_unavailable' });
    expect(existsSync(join(root, 'ran'))).toBe(false);
  });

  test('a bwrap that cannot set up its namespaces is unavailable, not exit code 1 of the command', async () => {
    const bin = join(base, 'broken-path');
    await mkdir(bin);
    await writeFile(join(bin, 'bwrap'), '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n', { mode: 0o755 });
    await expect(createBubblewrap({ searchPath: bin }).probe()).rejects.toMatchObject({
      code: 'sandbox_unavailable',
      message: expect.stringContaining('No permissions'),
    });
  });

  test('the same when it stops working after the probe', async () => {
    const bin = join(base, 'breaking-path');
    await mkdir(bin);
    await writeFile(join(bin, 'bwrap'), `#!/bin/sh\n[ -e "${bin}/broken" ] && { echo "bwrap: No space for a namespace" >&2; exit 1; }\nexec ${bwrap} "$@"\n`, {
      mode: 0o755,
    });
    const breaking = createBubblewrap({ searchPath: bin });
    await breaking.probe();
    await writeFile(join(bin, 'broken'), '');
    const attempt = breaking.run({ command: 'true', root: base, timeoutMs: 10_000, outputBytesMax: 1_000, signal: new AbortController().signal });
    await expect(attempt).rejects.toMatchObject({ code: 'sandbox_unavailable', message: expect.stringContaining('No space') });
  });
});
