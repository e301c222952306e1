import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { checkout, processMaxMs, type StartOptions, until, useStage } from './stage.ts';

/** @needs script */
const stage = useStage();
const mark = String.fromCharCode(27);

/** Runs a line of shell on a terminal of its own; gone with the stage. */
function openTerminal(line: string) {
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    cwd: stage().folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: stage().folder, TERM: 'xterm' },
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  stage().atClose(() => void child.kill('SIGKILL'));
  return { child, out: () => out, ended: new Promise<number | null>((resolve) => child.once('close', resolve)) };
}

/** A node with one goal that stays at work: its model does not answer. */
async function atWork(options: StartOptions = {}) {
  const { env, model } = await stage().model({ models: ['mock'], script: [{ reply: { text: 'late', latencyMs: 600_000 } }] });
  const node = await stage().node([], { ...options, env: { ...env, ...options.env } });
  const submitted = await stage().cli('submit', 'count the sheep', '--strategy', 'single', '--connect', node.http);
  expect([submitted.code, submitted.err]).toEqual([0, expect.any(String)]);
  await until('its agent asks the model', () => model.calls.length > 0);
  return { node, goal: submitted.out.trim() };
}

describe('top', () => {
  test('in a pipe: one snapshot as lines, or as JSON', { timeout: 2 * processMaxMs }, async () => {
    const { node, goal } = await atWork();
    const lines = await stage().cli('top', '--connect', node.http);
    expect([lines.code, lines.err]).toEqual([0, '']);
    expect(lines.out).toMatch(new RegExp(`^${goal} +running +single +0/1 .*count the sheep$`, 'm'));
    expect(lines.out).toMatch(new RegExp(`^agent-t0-1 +thinking .*${goal}$`, 'm'));
    expect(lines.out).toMatch(/^tasks +default +0 +1$/m);
    expect(lines.out).not.toContain(mark);
    const json = await stage().cli('top', '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      goals: [{ id: goal, status: 'running' }],
      agents: [{ goal, agent: 'agent-t0-1', state: 'thinking' }],
      approvals: 0,
    });
  });

  test('on a terminal: the whole screen, as wide as it is, until q; and the terminal is as before', { timeout: 2 * processMaxMs }, async () => {
    const { node, goal } = await atWork();
    const main = `${checkout}src/cli/main.ts`;
    // A terminal of its own, whose size changes while the view is open.
    const resize = '(while [ ! -e resize ]; do sleep 0.02; done; stty -F "$T" rows 10 cols 44) &';
    const terminal = openTerminal(
      `T=$(tty); stty rows 20 cols 70; ${resize} ${process.execPath} ${main} top --connect ${node.http} --interval 0.2; echo left $?`,
    );
    const frames = () => terminal.out().split(`${mark}[H`);
    const plain = (text: string) => text.replaceAll(new RegExp(`${mark}\\[[0-9;?]*[A-Za-z]`, 'g'), '');
    const shape = () => {
      const lines = plain(frames().at(-2) ?? '').split(/\r+\n/);
      return { height: lines.length, width: Math.max(...lines.map((line) => [...line].length)) };
    };
    await until('it shows the goal', () => frames().length > 2 && plain(frames().at(-2) ?? '').includes(goal));
    expect(shape()).toEqual({ height: 20, width: 70 });
    expect(terminal.out()).toContain(`${mark}[?1049h`);
    terminal.child.stdin.write(' ');
    await until('it is held', () => plain(frames().at(-2) ?? '').includes('HELD'));
    await stage().write('resize', '');
    await until('it has the new size', () => shape().height === 10 && shape().width === 44);
    terminal.child.stdin.write('q');
    await until('it has left', () => terminal.out().includes('left 0'));
    expect(terminal.out()).toContain(`${mark}[?1049l`);
    expect(terminal.out()).toContain(`${mark}[?25h`);
    terminal.child.stdin.end();
    expect(await terminal.ended).toBe(0);
  });

  test('without a node, or with nonsense, it says so', async () => {
    const none = await stage().cli('top');
    expect([none.code, none.out, none.err]).toEqual([1, '', expect.stringContaining('(no_node)')]);
    const nonsense = await stage().cli('top', '--interval', 'often');
    expect([nonsense.code, nonsense.err]).toEqual([2, expect.stringMatching(/--interval often/)]);
  });
});
