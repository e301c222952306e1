import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GoalEvent } from '../protocols/index.ts';
import { type FlockworkNode, loadConfig, startNode } from '../src/index.ts';
import { follow } from './watch.examples.ts';

let dataDir = '';
let node: FlockworkNode;
let address = '';
let goalId = '';

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'flockwork-watch-test-'));
  const flags = [
    { flag: 'dataDir', path: 'data.dir', value: dataDir },
    { flag: 'model', path: 'model.name', value: 'offline' },
    { flag: 'port', path: 'http.port', value: 0 },
  ];
  node = await startNode({ config: await loadConfig({ cwd: dataDir, env: {}, flags }), roles: ['gateway', 'coordinator', 'worker'], listen: true });
  address = node.endpoints.find(({ name }) => name === 'ws')?.address ?? '';
  const items = ['Bees dance.', 'Ants farm.', 'Birds flock.', 'Fish school.'];
  ({ id: goalId } = await node.client().submit({ goal: 'Say what each does', inputs: [{ kind: 'items', items }] }));
});
afterAll(async () => {
  await node.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Follows until `count` events have come, or to the end. */
async function part(after: string | undefined, count: number): Promise<{ events: GoalEvent[]; cursor: string | undefined }> {
  const events: GoalEvent[] = [];
  const left = new AbortController();
  const cursor = await follow({
    address,
    goalId,
    ...(after === undefined ? {} : { after }),
    signal: left.signal,
    onEvent(event) {
      if (events.length < count) events.push(event);
      if (events.length >= count) left.abort();
    },
  });
  // What came behind the abort was not dealt with: come back after the last one that was.
  return { events, cursor: events.at(-1)?.cursor ?? cursor };
}

describe('a watcher that leaves and comes back with its cursor', () => {
  test('sees what one that stays sees', async () => {
    const { events: whole } = await part(undefined, Number.POSITIVE_INFINITY);
    expect(whole.length).toBeGreaterThan(20);
    expect(whole.at(-1)?.type).toBe('goal.completed');
    const seen: GoalEvent[] = [];
    for (let cursor: string | undefined; seen.at(-1)?.type !== 'goal.completed'; ) {
      const next = await part(cursor, 7);
      expect(next.events.length).toBeGreaterThan(0);
      seen.push(...next.events);
      ({ cursor } = next);
    }
    expect(seen).toEqual(whole);
    for (const actor of new Set(seen.map((event) => event.actor))) {
      const seqs = seen.filter((event) => event.actor === actor).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    }
  });

  test('node examples/watch.ts prints the rest after a cursor', async () => {
    const { events: whole } = await part(undefined, Number.POSITIVE_INFINITY);
    const after = whole[9]?.cursor ?? '';
    const child = spawn(process.execPath, [join(import.meta.dirname, 'watch.ts'), goalId, after], {
      env: { PATH: process.env['PATH'], FLOCKWORK_CONNECT: address },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exit = once(child, 'exit');
    let [out, err] = ['', ''];
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    for await (const chunk of child.stdout) out += String(chunk);
    expect(await exit, err).toEqual([0, null]);
    const told = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ +/).slice(1));
    expect(told).toEqual(whole.slice(10).map(({ actor, type }) => [actor, type]));
  });
});
