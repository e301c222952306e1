import { expect, test } from 'vitest';
import type { GoalEvent } from '../../protocols/wire/methods.ts';
import { createClient } from '../client/index.ts';
import { createApprover } from './approving.ts';
import type { CommandIo } from './io.ts';

function event(type: string, call: string): GoalEvent {
  return { goalId: 'g1', cursor: 'x', actor: 'agent-t0-1', seq: 1, at: 1, type, data: { call, name: 'disk.erase', input: {}, asks: true } };
}

test('at a terminal a question that another terminal has decided gives way to the next, which gets the line', async () => {
  const stdin = new TransformStream<Uint8Array, Uint8Array>();
  const typed = stdin.writable.getWriter();
  const stream = { write: () => true, once: () => undefined, isTTY: true };
  const io: CommandIo = {
    stdout: stream,
    stderr: stream,
    stdin: Object.assign(stdin.readable as AsyncIterable<Uint8Array>, { isTTY: true }),
    env: {},
    cwd: '/',
    onInterrupt: () => () => undefined,
    exitNow: () => undefined,
  };
  const calls: unknown[] = [];
  const client = createClient({
    call: async (method, params) => void calls.push([method, params]),
    watch: () => {
      throw new Error('nothing is watched here');
    },
    close: () => Promise.resolve(),
  });
  const said: string[] = [];
  const approver = createApprover(io, client, { embedded: true, say: (line) => said.push(line) });
  approver.event(event('tool.requested', 'c1.0'));
  approver.event(event('tool.requested', 'c1.1'));
  await expect.poll(() => said.length).toBe(1);
  approver.event(event('tool.approved', 'c1.0'));
  await expect.poll(() => said.length).toBe(3);
  void typed.write(new TextEncoder().encode('y\n'));
  await expect.poll(() => calls).toEqual([['approval.decide', { id: 'g1_agent-t0-1_c1-1', decision: 'approve', reason: 'answered at the terminal' }]]);
  expect(said.map((line) => line.replace(/^.*\{\}\s/, ''))).toEqual(['— let it run? [y/N]', 'was decided elsewhere', '— let it run? [y/N]']);
  await typed.close();
});
