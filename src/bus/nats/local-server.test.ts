/** @needs nats-server */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nothingBefore } from '../../../actors/ports/journal.ts';
import { findNatsServer } from '../../../scripts/services/nats.ts';
import { openNatsBus, startLocalServer } from './index.ts';

const projector = { name: 'nothing', version: 1, project: () => [] };
const stream = 'flock.acme.journal.1.goal-1.coordinator';

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
}

describe.skipIf(findNatsServer() === undefined)('a nats-server beside the node', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flockwork-local-nats-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

  test('serves on the loopback, ends when told, and keeps its store', async () => {
    const server = await startLocalServer(folder);
    expect(server.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
    const bus = await openNatsBus({ servers: [server.url], projector });
    const position = await bus.journal.append(stream, nothingBefore, ['a record']);
    await bus.close();
    await server.stop();
    expect(lives(server.pid)).toBe(false);

    const again = await startLocalServer(folder);
    expect(again.pid).not.toBe(server.pid);
    const reopened = await openNatsBus({ servers: [again.url], projector });
    expect(String(await reopened.journal.head())).toBe(position);
    await reopened.close();
    await again.stop();
    expect(readdirSync(folder).sort()).toEqual(['nats-server.log', 'store']);
  });

  test('takes over the server that a killed node of this folder left', async () => {
    const left = await startLocalServer(folder);
    const taken = await startLocalServer(folder);
    expect({ url: taken.url, pid: taken.pid }).toEqual({ url: left.url, pid: left.pid });
    await taken.stop();
    await expect.poll(() => lives(left.pid)).toBe(false);
  });

  test('what the server says afterwards does not end it: its words go to a file', async () => {
    const server = await startLocalServer(folder);
    // Tells it to open its log again, which it says.
    process.kill(server.pid, 'SIGUSR1');
    await expect.poll(() => readFileSync(join(folder, 'nats-server.log'), 'utf8')).toContain('Server is ready');
    expect(lives(server.pid)).toBe(true);
    await server.stop();
  });

  test('without the program: says how to get it', async () => {
    await expect(startLocalServer(join(folder, 'nats'), [folder])).rejects.toMatchObject({
      code: 'bus_unreachable',
      message: expect.stringContaining('install it'),
    });
  });
});
