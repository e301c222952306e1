import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/checks/run.ts';

/** A program in place of the real one: says who it is, then does what its first argument says. */
const program = `
process.on('SIGTERM', () => { console.log('drained'); process.exit(7); });
console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2), guarded: 'FLOCKWORK_GUARD_FD' in process.env }));
const [word, code] = process.argv.slice(2);
if (word === 'wait') setInterval(() => undefined, 1_000);
if (word === 'exit') process.exitCode = Number(code);
if (word === 'die') process.kill(process.pid, 'SIGKILL');
`;

/** Makes this Node pass for one that is too old. */
const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });\n";

interface Line {
  readonly pid: number;
  readonly args: readonly string[];
  readonly guarded: boolean;
}

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flockwork-guard-'));
  mkdirSync(join(folder, 'dist', 'cli'), { recursive: true });
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(folder, 'dist', 'cli', 'main.js'), program);
  writeFileSync(join(folder, 'old.cjs'), pretend);
  writeFileSync(join(folder, 'once.cjs'), "if (!process.env.FLOCKWORK_GUARD_FD) require('./old.cjs');\n");
  // A Node like the one that a checkout carries, under the name that the guard looks for.
  const carried = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(carried, { recursive: true });
  symlinkSync(process.execPath, join(carried, 'node'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The preload reaches the carried Node too, which the guard marks in its environment: that one keeps its version. */
function start(old: boolean, ...args: readonly string[]): ChildProcess {
  const preload = old ? ['--require', join(folder, 'once.cjs')] : [];
  return spawn(process.execPath, [...preload, join(folder, 'bin', 'flockwork.cjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function firstLine(child: ChildProcess): Promise<Line> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return JSON.parse(text.split('\n')[0] ?? '');
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each([
  ['a Node that is new enough', false],
  ['a Node that is too old, with one carried', true],
])('on %s', (_, old) => {
  test('the arguments arrive and the exit code comes back', async () => {
    const child = start(old, 'exit', '3', 'two words');
    const exit = once(child, 'exit');
    const line = await firstLine(child);
    expect(line.args).toEqual(['exit', '3', 'two words']);
    expect(line.guarded).toBe(false);
    expect(line.pid === child.pid).toBe(!old);
    expect(await exit).toEqual([3, null]);
  });

  test('SIGTERM drains it', async () => {
    const child = start(old, 'wait');
    const exit = once(child, 'exit');
    await firstLine(child);
    child.kill('SIGTERM');
    expect(await exit).toEqual([7, null]);
  });

  test('a death by signal is seen by the caller', async () => {
    const child = start(old, 'die');
    const exit = once(child, 'exit');
    await firstLine(child);
    expect(await exit).toEqual([null, 'SIGKILL']);
  });

  test('kill -9 ends the program too', async () => {
    const child = start(old, 'wait');
    const exit = once(child, 'exit');
    const { pid } = await firstLine(child);
    child.kill('SIGKILL');
    await exit;
    await expect.poll(() => lives(pid), { timeout: 10_000 }).toBe(false);
  });
});

test('on a Node that is too old, with none carried, one clear sentence and exit 1', async () => {
  const alone = join(folder, 'alone');
  mkdirSync(alone);
  cpSync(join(root, 'bin'), join(alone, 'bin'), { recursive: true });
  rmSync(join(folder, 'node_modules'), { recursive: true });
  const child = spawn(process.execPath, ['--require', join(folder, 'old.cjs'), join(alone, 'bin', 'flockwork.cjs')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  let said = '';
  for await (const chunk of child.stderr) said += String(chunk);
  expect(await exit).toEqual([1, null]);
  expect(said).toMatch(/^flockwork: needs Node 22\.13 or newer; this is \S+\. Install a newer Node; .*\n$/);
});
