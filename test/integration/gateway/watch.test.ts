import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalSubject } from '../../../protocols/subjects.ts';
import { createClient } from '../../../src/client/index.ts';
import { type Fixture, startFixture, until } from './fixture.ts';
import { RpcPeer, readSse } from './rpc-peer.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.stop());

const submit = async (goal = 'watched'): Promise<string> => (await fixture.host.submit('default', { goal })).id;
const eventsUrl = (id: string, query = ''): string => `${fixture.gateway.httpUrl}/v1/goals/${id}/events${query}`;
const cursors = (events: readonly Record<string, unknown>[]): unknown[] => events.map(({ cursor }) => cursor);

/** A goal with two agents, appends of several records, and records of several facts and of none. */
async function play(id: string, from = 0, to = 20): Promise<void> {
  for (let at = from; at < to; at++) {
    const agent = `agent-t${at % 2}-1`;
    await fixture.writer.write(
      id,
      agent,
      [
        ['task.started', { at }],
        ['model.called', { at }],
      ],
      [],
      [['model.replied', { at, text: 'ü'.repeat(at) }]],
    );
    if (at % 5 === 0) await fixture.writer.write(id, 'coordinator', [['task.created', { at }]]);
  }
}

describe('a watch', () => {
  test('the answer precedes the first event, the goal ends it, stragglers stay out', async () => {
    const id = await submit();
    await play(id);
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const answer = await peer.call('goal.watch', { goalId: id });
    expect(answer.result).toEqual({ goalId: id });
    await until('it caught up', () => peer.notifications('goal.event').length === 65);
    expect(peer.messages.findIndex(({ method }) => method === 'goal.event')).toBeGreaterThan(peer.messages.indexOf(answer));
    await fixture.host.end(id, 'completed');
    await fixture.writer.write(id, 'agent-t0-1', [['agent.answered', { late: true }]]);
    await peer.call('ping');
    await until('the end is there', () => peer.notifications('goal.event').at(-1)?.type === 'goal.completed');
    await peer.call('ping');
    const events = peer.notifications('goal.event');
    expect(events).toHaveLength(66);
    expect(events[0]).toEqual({
      goalId: id,
      cursor: expect.any(String),
      actor: 'coordinator',
      seq: 1,
      at: 1_001,
      type: 'goal.accepted',
      data: { goal: 'watched' },
    });
    for (const actor of ['coordinator', 'agent-t0-1', 'agent-t1-1']) {
      const seqs = events.filter((event) => event.actor === actor).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    }
    expect((await readSse(eventsUrl(id))).map(({ data }) => data)).toEqual(events);
    await until('the slot is free', () => fixture.gateway.dispatcher.parts.counters.watches === 0);
    await peer.close();
  });

  test('WebSocket, SSE and the process itself give the same transcript, live and later', async () => {
    const id = await submit();
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const inside = createClient(fixture.gateway.connectLocal('default'));
    const local: unknown[] = [];
    const watching = (async () => {
      for await (const item of inside.watch(id)) if (item.kind === 'event') local.push(item.event);
    })();
    const live = readSse(eventsUrl(id));
    await peer.call('goal.watch', { goalId: id, after: '0' });
    await play(id);
    await fixture.host.end(id, 'failed');
    await watching;
    const sse = await live;
    await until('the end is there', () => peer.notifications('goal.event').at(-1)?.type === 'goal.failed');
    const events = peer.notifications('goal.event');
    expect(events).toHaveLength(66);
    expect(sse.map(({ data }) => data)).toEqual(events);
    expect(sse.map((event) => event.id)).toEqual(cursors(events));
    expect(local).toEqual(events);
    expect((await readSse(eventsUrl(id))).map(({ data }) => data)).toEqual(events);
    await peer.close();
  });

  test('every cursor can be gone on from on the other transport, while the goal still runs and after', async () => {
    const id = await submit();
    await play(id, 0, 6);
    const first = await readSse(eventsUrl(id), {}, 20);
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    await peer.call('goal.watch', { goalId: id, after: first[7]?.id ?? '' });
    await play(id, 6, 8);
    await fixture.host.end(id, 'completed');
    await until('the end is there', () => peer.notifications('goal.event').at(-1)?.type === 'goal.completed');
    const whole = await readSse(eventsUrl(id), { 'last-event-id': '' });
    expect(peer.notifications('goal.event')).toEqual(whole.slice(8).map(({ data }) => data));
    for (const [at, { id: cursor }] of whole.entries()) {
      const rest = await readSse(eventsUrl(id), { 'last-event-id': String(cursor) });
      expect(rest).toEqual(whole.slice(at + 1));
    }
    const empty = await (await fetch(eventsUrl(id), { headers: { 'last-event-id': String(whole.at(-1)?.id) } })).text();
    expect(empty).toBe('retry: 3600000\n\n');
    await peer.close();
  });

  test('a cursor that was made up after the end of the goal does not wait for ever', async () => {
    const id = await submit();
    await fixture.host.end(id, 'completed');
    await fixture.writer.write(id, 'agent-t0-1', [['agent.answered', { late: true }]]);
    const cursor = `${fixture.bus.journal.store}-${await fixture.bus.journal.head()}-0`;
    expect(await readSse(eventsUrl(id), { 'last-event-id': cursor })).toEqual([]);
  });

  test('cursors of nowhere are refused', async () => {
    const id = await submit();
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    const { store } = fixture.bus.journal;
    for (const after of ['other-1-0', 'garbage', `${store}-999999999-0`]) {
      expect((await peer.call('goal.watch', { goalId: id, after })).error?.data.code).toBe('cursor_unknown');
      const response = await fetch(eventsUrl(id), { headers: { 'last-event-id': after } });
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([410, 'cursor_unknown']);
    }
    expect(fixture.gateway.dispatcher.parts.counters.watches).toBe(0);
    await peer.close();
  });

  test('goal.unwatch ends it; after its answer nothing comes, and the goal can be watched again', async () => {
    const id = await submit();
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    await peer.call('goal.watch', { goalId: id });
    expect((await peer.call('goal.watch', { goalId: id })).error?.data.code).toBe('invalid_request');
    expect((await peer.call('goal.unwatch', { goalId: id })).result).toEqual({ goalId: id });
    const before = peer.notifications('goal.event').length;
    await play(id, 0, 3);
    await peer.call('ping');
    expect(peer.notifications('goal.event')).toHaveLength(before);
    await peer.call('goal.watch', { goalId: id });
    await until('all is there', () => peer.notifications('goal.event').length === before + 11);
    await peer.close();
  });

  test('a coordinator that was poisoned ends it', async () => {
    const id = await submit();
    const live = readSse(eventsUrl(id));
    await fixture.writer.write(id, 'coordinator', [['actor.poisoned', { code: 'actor_poisoned' }]]);
    expect((await live).map(({ data }) => data.type)).toEqual(['goal.accepted', 'actor.poisoned']);
  });

  test('appends that race with the opening of many watches are neither lost nor doubled', async () => {
    const id = await submit();
    const readings: Promise<unknown[]>[] = [];
    for (let at = 0; at < 30; at++) {
      readings.push(readSse(eventsUrl(id)).then((events) => events.map((event) => event.id)));
      await play(id, at, at + 1);
    }
    await fixture.host.end(id, 'completed');
    const [first, ...others] = await Promise.all(readings);
    expect(new Set(first).size).toBe(first?.length);
    expect(first).toHaveLength(1 + 30 * 3 + 6 + 1);
    for (const other of others) expect(other).toEqual(first);
  });

  test('a record that cannot be read ends the watch with its error on every transport', async () => {
    const id = await submit();
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    await peer.call('goal.watch', { goalId: id });
    const live = fetch(eventsUrl(id)).then((response) => response.text());
    await until(
      'both are live',
      () => fixture.gateway.dispatcher.parts.counters.eventsDeliveredTotal > 0 && fixture.gateway.dispatcher.parts.counters.watches === 2,
    );
    await fixture.bus.journal.append(journalSubject({ tenant: 'default', root: id, actor: 'agent-t9-1' }), '0', [
      `${'0'.repeat(64)} ${'0'.repeat(32)} {"n":1,"facts":"no"}`,
    ]);
    await until('the watch broke', () => peer.notifications('goal.unwatched').length === 1);
    expect(peer.notifications('goal.unwatched')[0]).toMatchObject({ goalId: id, error: { code: 'journal_corrupt' } });
    expect(await live).toContain('event: goal.unwatched\ndata: {"type":"urn:flockwork:error:journal_corrupt"');
    await peer.close();
  });
});

describe('deltas', () => {
  test('come only when asked for, without id on SSE', async () => {
    const id = await submit();
    const [asked, silent] = await Promise.all([RpcPeer.open(fixture.gateway.wsUrl), RpcPeer.open(fixture.gateway.wsUrl)]);
    await asked.call('goal.watch', { goalId: id, deltas: true });
    await silent.call('goal.watch', { goalId: id });
    const sse = readSse(eventsUrl(id, '?deltas=true'));
    const delta = { call: 'c1', epoch: 1, offset: 0, text: 'héllo' };
    await until('a delta comes through on both', async () => {
      fixture.writer.delta(id, 'agent-t0-1', delta);
      fixture.bus.pubsub.publish(`flock.default.live.${id}.agent-t0-1`, '{"output":"no delta"}');
      return (
        asked.notifications('goal.delta').length > 0 &&
        fixture.gateway.dispatcher.parts.counters.deltasDeliveredTotal >= 2 &&
        fixture.gateway.dispatcher.parts.counters.watches === 3
      );
    });
    for (let at = 0; at < 3; at++) fixture.writer.delta(id, 'agent-t0-1', { ...delta, offset: 10 + at });
    await until('the last one came', () => asked.notifications('goal.delta').at(-1)?.offset === 12);
    await fixture.host.end(id, 'completed');
    const expected = { goalId: id, actor: 'agent-t0-1', ...delta };
    expect(asked.notifications('goal.delta')[0]).toEqual(expected);
    expect(silent.notifications('goal.delta')).toEqual([]);
    const given = (await sse).filter(({ event }) => event === 'goal.delta');
    expect(given[0]).toEqual({ id: undefined, event: 'goal.delta', data: { ...expected, offset: expect.any(Number) } });
    await Promise.all([asked.close(), silent.close()]);
  });
});

describe('readers that are slow or gone', () => {
  test('a reader that stops reading is closed by name, costs bounded memory, and another one misses nothing', async () => {
    const slow = await startFixture({ limits: { highWaterBytes: 65_536, slowReaderMaxMs: 150, ringEntriesMax: 8, deltaHighWaterBytes: 1_024 } });
    const { id } = await slow.host.submit('default', { goal: 'large' });
    const [stopped, reading] = await Promise.all([RpcPeer.open(slow.gateway.wsUrl), RpcPeer.open(slow.gateway.wsUrl)]);
    await stopped.call('goal.watch', { goalId: id, deltas: true });
    await reading.call('goal.watch', { goalId: id });
    stopped.socket.pause();
    const { counters } = slow.gateway.dispatcher.parts;
    for (let at = 0; at < 400; at++) {
      await slow.writer.write(id, 'agent-t0-1', [['model.replied', { text: 'x'.repeat(60_000) }]]);
      slow.writer.delta(id, 'agent-t0-1', { call: 'c', epoch: 1, offset: at, text: 'd' });
    }
    await until('the slow one is refused', () => counters.refusedTotal.get('slow_reader') === 1);
    stopped.socket.resume();
    await until('it is closed', () => stopped.closed !== undefined);
    expect(stopped.notifications('goal.event').length).toBeLessThan(400);
    expect(counters.deltasDroppedTotal).toBeGreaterThan(0);
    await slow.host.end(id, 'completed');
    await until('the other one has all', () => reading.notifications('goal.event').at(-1)?.type === 'goal.completed');
    expect(
      reading
        .notifications('goal.event')
        .filter((event) => event.actor === 'agent-t0-1')
        .map(({ seq }) => seq),
    ).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
    expect(counters.watches).toBe(0);
    await slow.stop();
  });

  test('a reader that falls out of the live ring goes back to the journal and misses nothing', async () => {
    const slow = await startFixture({ limits: { highWaterBytes: 65_536, slowReaderMaxMs: 20_000, ringEntriesMax: 8 } });
    const { id } = await slow.host.submit('default', { goal: 'large' });
    const peer = await RpcPeer.open(slow.gateway.wsUrl);
    await peer.call('goal.watch', { goalId: id });
    peer.socket.pause();
    for (let at = 0; at < 300; at++) await slow.writer.write(id, 'agent-t0-1', [['model.replied', { at, text: 'x'.repeat(60_000) }]]);
    await slow.host.end(id, 'completed');
    peer.socket.resume();
    await until('it has all', () => peer.notifications('goal.event').at(-1)?.type === 'goal.completed');
    expect(
      peer
        .notifications('goal.event')
        .filter((event) => event.actor === 'agent-t0-1')
        .map(({ seq }) => seq),
    ).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
    expect(slow.gateway.dispatcher.parts.counters.readersLaggedTotal).toBeGreaterThan(0);
    await slow.stop();
  });

  test('a peer that asks and never reads its answers is stopped, then closed', async () => {
    const slow = await startFixture({ limits: { highWaterBytes: 65_536, slowReaderMaxMs: 150 } });
    for (let at = 0; at < 10; at++) await slow.host.submit('default', { goal: 'x'.repeat(60_000) });
    const peer = await RpcPeer.open(slow.gateway.wsUrl);
    peer.socket.pause();
    for (let at = 0; at < 200; at++) peer.send(JSON.stringify({ jsonrpc: '2.0', id: at, method: 'goal.list' }));
    await until('it is refused', () => slow.gateway.dispatcher.parts.counters.refusedTotal.get('slow_reader') === 1);
    await slow.stop();
  });

  test('a half-open peer is cut off', async () => {
    const brisk = await startFixture({ limits: { pingMs: 40 } });
    const living = await RpcPeer.open(brisk.gateway.wsUrl);
    const dead = new Socket();
    let heard = '';
    dead.on('data', (data) => {
      heard += data.toString('latin1');
    });
    dead.on('error', () => dead.destroy());
    dead.connect(brisk.gateway.port, '127.0.0.1');
    dead.write(
      'GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await until('it is upgraded', () => heard.includes('101'));
    await until('it is cut off', () => dead.destroyed || dead.readableEnded);
    expect(brisk.gateway.dispatcher.parts.counters.refusedTotal.get('connection_lost')).toBe(1);
    expect((await living.call('ping')).result).toEqual({});
    await brisk.stop();
  });

  test('a watcher that leaves frees everything', async () => {
    const id = await submit();
    const peer = await RpcPeer.open(fixture.gateway.wsUrl);
    await peer.call('goal.watch', { goalId: id, deltas: true });
    await readSse(eventsUrl(id, '?deltas=true'), {}, 1);
    peer.socket.terminate();
    const { counters } = fixture.gateway.dispatcher.parts;
    await until('nothing is left', () => counters.watches === 0 && counters.connections === 0 && counters.requestsInFlight === 0);
  });
});
