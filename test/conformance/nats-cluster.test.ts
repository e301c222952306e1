/** On three servers, where the network, not a lock, is between writers. @needs nats-server */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bus } from '../../actors/ports/bus.ts';
import { type JournalEntry, nothingBefore, type Position } from '../../actors/ports/journal.ts';
import type { Projector } from '../../actors/ports/projection.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { findNatsServer, NatsServer } from '../../scripts/services/nats.ts';
import { findClusterServer, NatsCluster } from '../../scripts/services/nats-cluster.ts';
import { openNatsBus } from '../../src/bus/nats/index.ts';
import { collect, type OpenBus, until } from './harness.ts';
import { journalConformance } from './journal/journal.suite.ts';

const found = findClusterServer();
const accounts = 48;
const nothing: Projector = { name: 'nothing', version: 1, project: () => [] };
const stream = 'flock.acme.journal.1.goal-1.coordinator';
const rounds = 500;
/** Longer than two elections. */
const retryForMs = 60_000;

/** Two minutes of elections: only where a server was named for it. */
const whole = (process.env['FLOCKWORK_NATS_SERVER'] ?? '') !== '';

function onThreeServers(command: string): void {
  let cluster: NatsCluster | undefined;
  let used = 0;
  beforeAll(async () => {
    cluster = await NatsCluster.start(command, accounts);
  }, 60_000);
  afterAll(() => cluster?.stop());

  const openOn = async (account: number, projector: Projector = nothing): Promise<Bus> => {
    const servers = cluster?.urls(account) ?? [];
    let bus: Bus | undefined;
    // Until the servers have found each other and a leader.
    await until('JetStream is there', async () => {
      try {
        bus = await openNatsBus({ servers, projector, replicas: 3, retryForMs, requestTimeoutMs: 5_000, onFault: () => undefined });
      } catch (error) {
        if (!failureOf(error).retryable) throw error;
      }
      return bus !== undefined;
    });
    if (bus === undefined) throw new Error('the bus did not open');
    return bus;
  };
  const open: OpenBus = async (options = {}) => {
    const account = used++;
    let bus = await openOn(account, options.projector);
    return {
      bus,
      reopen: async (again = {}) => {
        await bus.close();
        bus = await openOn(account, again.projector ?? options.projector);
        return bus;
      },
      close: () => bus.close(),
    };
  };

  if (whole) journalConformance('nats, three replicas', open);

  test(`three connections append at one position ${rounds} times, across the death of the stream's leader: exactly one record each`, {
    timeout: 300_000,
  }, async () => {
    const account = used++;
    const buses = [await openOn(account), await openOn(account), await openOn(account)];
    const killAt = new Set([100, 300]);
    const down: { restart(): Promise<void> }[] = [];
    let position: Position = nothingBefore;
    const winners: string[] = [];
    for (let round = 0; round < rounds; round++) {
      if (killAt.has(round)) {
        const leader = await cluster?.leaderOf(account, 'FLOCK_JOURNAL');
        if (leader === undefined) throw new Error('there is no cluster');
        // In the middle of the race below.
        down.push(leader);
        setTimeout(() => void leader.kill(), 1);
      }
      // Two of three are enough; the third comes back before the next one goes.
      if (killAt.has(round - 100)) await down.at(-1)?.restart();
      const at = position;
      const answers = await Promise.allSettled(buses.map((bus, writer) => bus.journal.append(stream, at, [`${round} of ${writer}`])));
      const won = answers.flatMap((answer, writer) => (answer.status === 'fulfilled' ? [{ writer, position: answer.value }] : []));
      expect(won, `round ${round}: ${JSON.stringify(answers.map((answer) => (answer.status === 'rejected' ? failureOf(answer.reason) : 'won')))}`).toHaveLength(
        1,
      );
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'journal_conflict' });
      position = won[0]?.position ?? position;
      winners.push(`${round} of ${won[0]?.writer ?? ''}`);
    }
    for (const bus of buses) {
      const stored: readonly JournalEntry[] = await collect(bus.journal.read(stream));
      expect(stored.map((entry) => entry.records[0])).toEqual(winners);
      await bus.close();
    }
    expect(new Set(winners.map((winner) => winner.split(' ')[2])).size).toBeGreaterThan(1);
  });
}

if (found !== undefined) {
  describe('three replicas on three servers', () => {
    onThreeServers(found);
  });
} else if (findNatsServer() !== undefined) {
  test('three replicas are refused by a server that lets two writers win (name a newer one with FLOCKWORK_NATS_SERVER)', async () => {
    const server = await NatsServer.start();
    try {
      await expect(openNatsBus({ servers: [server.url], projector: nothing, replicas: 3 })).rejects.toMatchObject({
        code: 'bus_server_too_old',
        retryable: false,
      });
    } finally {
      await server.stop();
    }
  });
}
