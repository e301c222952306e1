import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import type { Models } from '../../actors/ports/models.ts';
import type { NodeParts } from '../../src/index.ts';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { costOf } from './cost.ts';
import { tickCost } from './fan-out-ticks.ts';
import { withInstantModel } from './instant-model.ts';
import { type BenchResult, median, resultOf } from './result.ts';
import type { WatchOrder } from './watchers.ts';

const watchers = 500;
const items = 60;
const rounds = 5;
/** µs CPU for each delivered event. */
const demanded = 1.5;
const atOnce = 16;

/** The CPU of the node for each durable event that it delivers to one of 500 WebSocket clients, above the same goal without any. */
export async function fanOut(): Promise<BenchResult[]> {
  const gate = new Gate();
  const bench = await startBenchNode({ sync: 'off', listen: true, settings: { 'worker.concurrency': atOnce }, wrap: (parts) => gated(parts, gate) });
  const child = fork(join(import.meta.dirname, 'watchers.ts'), [], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const perEvent: number[] = [];
    const bare: number[] = [];
    const perTick: number[] = [];
    let events = 0;
    for (let round = 0; round <= rounds; round++) {
      const alone = await goalCost(bench, gate, undefined);
      const watched = await goalCost(bench, gate, child);
      events = watched.delivered / watchers;
      const plain = await bareBroadcast(child, events, 300);
      const ticking = await tickCost(child, watchers);
      // The first round warms all of them.
      if (round === 0) continue;
      perEvent.push(((watched.cpuMs - alone.cpuMs) * 1_000) / watched.delivered);
      bare.push(plain);
      perTick.push(ticking);
    }
    return [
      resultOf({
        name: `fan-out to ${watchers} WebSocket clients`,
        figure: median(perEvent),
        unit: 'µs CPU per delivered event',
        demand: demanded,
        yardstick: { what: 'ws.send of a text of 300 characters to as many clients, once for each event', figure: median(bare) },
        runs: rounds,
        note: `a goal of ${items} items with an instant model, ${events} events for each client; CPU of the node's process with watchers less without; the clients run in a process of their own`,
      }),
      resultOf({
        name: `fan-out to ${watchers} WebSocket clients, ten events in each tick`,
        figure: median(perTick),
        unit: 'µs CPU per delivered event',
        demand: demanded,
        yardstick: { what: 'ws.send of a text of 300 characters to as many clients, once for each event', figure: median(bare) },
        runs: rounds,
        note: 'facts appended ten at a time, with time between; CPU of the gateway and its store with watchers less without',
      }),
    ];
  } finally {
    child.disconnect();
    await once(child, 'exit');
    await bench.close();
  }
}

/** Holds the model back until the watchers are there. */
class Gate {
  #opened = Promise.withResolvers<void>();
  close(): void {
    this.#opened = Promise.withResolvers<void>();
  }
  open(): void {
    this.#opened.resolve();
  }
  wait(): Promise<void> {
    return this.#opened.promise;
  }
}

function gated(parts: NodeParts, gate: Gate): NodeParts {
  const { models } = withInstantModel(parts);
  const waiting: Models = { call: (request, options) => gate.wait().then(() => models.call(request, options)) };
  return { ...parts, models: waiting };
}

async function goalCost(bench: BenchNode, gate: Gate, child: ChildProcess | undefined): Promise<{ cpuMs: number; delivered: number }> {
  const client = bench.node.client();
  gate.close();
  const inputs = [{ kind: 'items' as const, items: Array.from({ length: items }, (_, index) => `item ${index}`) }];
  const { id: goalId } = await client.submit({ goal: 'Work on the item.', profile: 'bench', strategy: 'map-reduce', agents: atOnce, inputs });
  const url = bench.node.endpoints.find(({ name }) => name === 'ws')?.address ?? '';
  if (child !== undefined) await ordered(child, { url, goalId, count: watchers });
  const answer = child === undefined ? undefined : (once(child, 'message') as Promise<[{ delivered: number }]>);
  let delivered = 0;
  const { cpuMs } = await costOf(async () => {
    gate.open();
    await bench.ended(goalId);
    if (answer !== undefined) [{ delivered }] = await answer;
  });
  return { cpuMs, delivered };
}

async function ordered(child: ChildProcess, order: WatchOrder): Promise<void> {
  const watching = once(child, 'message');
  child.send(order);
  await watching;
}

async function bareBroadcast(child: ChildProcess, messages: number, chars: number): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await ordered(child, { url: `ws://127.0.0.1:${port}`, messages, count: watchers });
  const answer = once(child, 'message') as Promise<[{ delivered: number }]>;
  const text = 'x'.repeat(chars);
  const { cpuMs } = await costOf(async () => {
    for (let sent = 0; sent < messages; sent++) {
      for (const socket of server.clients) socket.send(text);
      if (sent % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
    }
    await answer;
  });
  server.close();
  return (cpuMs * 1_000) / (messages * watchers);
}
