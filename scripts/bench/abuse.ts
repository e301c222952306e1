/**
 * A node in its own process under abuse: garbage on its UDP port, connections that never open, streams that never read. The health of the node
 * is asked throughout, beside the same probe on the same node at rest; the memory afterwards is held against that before.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../../src/client/index.ts';
import type { Held } from './abuse-node.ts';
import { loudGoal, neverOpen, neverRead, sendGarbage } from './abuse-peers.ts';
import type { ProbeReport } from './abuse-probe.ts';
import { AbusedNode } from './abused.ts';
import { type BenchResult, resultOf } from './result.ts';

const garbageDatagrams = 20_000;
/** More than the node may have by default. */
const connectionsUnopened = 1_500;
const streamsUnread = 64;
const watchersAtOnce = 64;
/** How long the node is left alone for the yardstick, and how long the streams stay unread, ms. */
const restMs = 3_000;
const silenceMs = 12_000;
/** What the issue demands of the health. */
const healthMsMax = 50;
/** Memory that a second round of all of it may add to the first, MiB: what was compiled, cached or kept by the allocator is there by then. */
const keptMiBMax = 32;
const rounds = 2;

function p99(tookMs: readonly number[]): number {
  const sorted = [...tookMs].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
}

interface Abuse {
  readonly name: string;
  /** Answers what was seen of it. */
  readonly run: () => Promise<string>;
}

function abusesOf({ addresses: { quic, ws } }: AbusedNode, goalId: string): readonly Abuse[] {
  return [
    {
      name: `${garbageDatagrams} datagrams of garbage`,
      run: async () => {
        await sendGarbage(Number(/\/udp\/(\d+)\//.exec(quic)?.[1]), garbageDatagrams);
        return 'at full speed from another process';
      },
    },
    {
      name: `${connectionsUnopened} connections that never open`,
      run: async () => {
        const { upgraded, ended } = await neverOpen(ws, connectionsUnopened);
        return `${upgraded} became WebSockets, the node ended ${ended}`;
      },
    },
    {
      name: `${watchersAtOnce} watchers that catch up at once`,
      run: async () => {
        const clients = await Promise.all(Array.from({ length: watchersAtOnce }, () => connect(ws)));
        let seen = 0;
        await Promise.all(
          clients.map(async (client) => {
            for await (const { kind } of client.watch(goalId)) if (kind === 'event') seen++;
            await client.close();
          }),
        );
        return `each reads that goal from its beginning over WebSocket, ${seen / watchersAtOnce} events`;
      },
    },
    {
      name: `${streamsUnread} streams that never read`,
      run: async () => {
        const letGo = await neverRead(quic, goalId, streamsUnread);
        await pause(restMs);
        letGo();
        return 'each watches a goal of some mebibytes from its beginning, and takes 16 KiB';
      },
    },
  ];
}

export async function abuseBench(): Promise<readonly BenchResult[]> {
  const node = await AbusedNode.start();
  try {
    const abuses = abusesOf(node, await loudGoal(node.addresses.ws));
    await node.health();
    await pause(restMs);
    const atRest = p99((await node.health()).tookMs);
    const reports = new Map<string, { readonly report: ProbeReport; readonly note: string }>();
    const held: Held[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const { name, run } of abuses) {
        await node.health();
        const note = await run();
        reports.set(name, { report: await node.health(), note });
      }
      // A peer that fell silent is given up after ten seconds.
      await pause(silenceMs);
      held.push(await node.held());
    }
    const [first, last] = [held.at(0), held.at(-1)];
    if (first === undefined || last === undefined) throw new Error('no round was run');
    const grown = (kind: keyof Held): number => (last[kind] - first[kind]) / 1_048_576;
    return [
      ...[...reports].map(([name, { report, note }]) =>
        resultOf({
          name: `health beside ${name}, p99`,
          figure: p99(report.tookMs),
          unit: 'ms',
          demand: healthMsMax,
          yardstick: { what: 'the same node at rest, p99', figure: atRest },
          runs: report.tookMs.length,
          note: `${note}; ${p99(report.freshMs).toFixed(1)} ms for those asked on a new connection, ${Math.max(...report.tookMs).toFixed(0)} ms the worst; ${report.failed} of ${report.tookMs.length + report.failed} answers failed`,
        }),
      ),
      resultOf({
        name: 'memory that a second round of all of it adds (heap and buffers)',
        figure: grown('heap'),
        unit: 'MiB',
        demand: keptMiBMax,
        runs: rounds,
        note: `resident set ${Math.round(first.rss / 1_048_576)} MiB after the first round, ${grown('rss').toFixed(0)} MiB more after the second`,
      }),
    ];
  } finally {
    await node.stop();
  }
}
