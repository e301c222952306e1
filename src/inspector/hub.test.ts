import { describe, expect, test, vi } from 'vitest';
import type { Observation } from '../../actors/ports/observer.ts';
import { inspectorBounds } from './bounds.ts';
import { TenantHub } from './hub.ts';
import { createInspector } from './inspector.ts';
import type { Frame } from './protocol.ts';

const step = (root: string, actor: string, state: string, fields: Partial<Observation> = {}): Observation => ({
  actor: { tenant: 'default', root, actor },
  machine: actor === 'coordinator' ? 'coordinator' : 'agent',
  seq: 1,
  at: 0,
  facts: [],
  event: 'model.replied',
  state,
  context: {},
  mailboxDepth: 0,
  restarts: 0,
  ...fields,
});

const hub = (bounds: Partial<typeof inspectorBounds> = {}): TenantHub =>
  new TenantHub({ bounds: { ...inspectorBounds, ...bounds }, ended: (_, state) => state === 'answered', now: () => 1_000 });

/** A page that is connected to an inspector whose ticks come quickly. */
function page(bounds: Partial<typeof inspectorBounds> = {}) {
  const inspector = createInspector({ bounds: { tickMs: 2, ...bounds }, redact: (text) => text.replaceAll('sekret', '[redacted]') });
  const frames: Frame[] = [];
  const out = { bufferedBytes: 0, send: (text: string) => void frames.push(JSON.parse(text)) };
  const connection = inspector.connect('default', out);
  const close = (): Promise<void> => {
    connection.close();
    return inspector.stop();
  };
  return { inspector, frames, out, connection, close };
}

const eventually = (probe: () => void) => vi.waitFor(probe, { timeout: 5_000, interval: 2 });

describe('the hub of a tenant', () => {
  test('counts actors by machine and state, exactly', () => {
    const seen = hub();
    seen.observe(step('g-1', 'coordinator', 'running'));
    seen.observe(step('g-1', 'agent-t0-1', 'thinking'));
    seen.observe(step('g-1', 'agent-t1-1', 'thinking'));
    seen.observe(step('g-1', 'agent-t1-1', 'acting', { seq: 2 }));
    expect(seen.counts()).toEqual({ 'coordinator.running': 1, 'agent.thinking': 1, 'agent.acting': 1 });
    expect(seen.steps).toBe(4);
  });

  test('remembers the moves of an actor, the first from its beginning', () => {
    const seen = hub();
    seen.observe(step('g-1', 'a', 'thinking', { event: 'agent.assign' }));
    for (const [seq, state] of [
      [2, 'acting'],
      [3, 'thinking'],
      [4, 'acting'],
    ] as const)
      seen.observe(step('g-1', 'a', state, { seq }));
    const [actor] = seen.actors();
    expect(actor && seen.movesOf(actor)).toEqual(['other>agent.assign>thinking', 'thinking>model.replied>acting', 'acting>model.replied>thinking']);
  });

  test('keeps the last steps of an actor and of the tape, no more', () => {
    const seen = hub({ actorStepsMax: 4, tapeStepsMax: 6 });
    for (let seq = 1; seq <= 9; seq++) seen.observe(step('g-1', 'a', 'thinking', { seq }));
    const [actor] = seen.actors();
    expect(actor?.ring.list().map(({ seq }) => seq)).toEqual([6, 7, 8, 9]);
    expect(seen.tape().map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  test('forgets the one that ended first above endedActorsMax, and the oldest above actorsMax', () => {
    const seen = hub({ endedActorsMax: 2, actorsMax: 4 });
    for (const name of ['a', 'b', 'c']) seen.observe(step('g-1', name, 'answered'));
    expect([...seen.actors()].map(({ actor }) => actor)).toEqual(['b', 'c']);
    expect(seen.counts()).toEqual({ 'agent.answered': 2 });
    for (const name of ['d', 'e', 'f', 'g', 'h']) seen.observe(step('g-1', name, 'thinking'));
    expect([...seen.actors()].map(({ actor }) => actor)).toEqual(['e', 'f', 'g', 'h']);
    expect(seen.counts()).toEqual({ 'agent.thinking': 4 });
  });

  test('a step costs about the same with 10,000 actors as with 10', () => {
    const cost = (actors: number): number => {
      const seen = hub();
      const steps = Array.from({ length: actors }, (_, at) => step('g-1', `agent-t${at}-1`, 'thinking'));
      for (const one of steps) seen.observe(one);
      const changed = steps.map((one) => ({ ...one, state: 'acting', seq: 2 }));
      const begin = process.cpuUsage();
      for (let round = 0; round < 200_000 / actors; round++) for (const one of round % 2 === 0 ? changed : steps) seen.observe(one);
      const { user, system } = process.cpuUsage(begin);
      return (user + system) / 200_000;
    };
    cost(10);
    const few = Math.min(cost(10), cost(10), cost(10));
    const many = Math.min(cost(10_000), cost(10_000), cost(10_000));
    process.stdout.write(`hub: ${few.toFixed(2)} µs a step with 10 actors, ${many.toFixed(2)} with 10,000\n`);
    // Caches and the noise of the machine are in it; a walk over all actors would be a thousandfold.
    expect(many).toBeLessThan(few * 25);
  });
});

describe('what a page is told', () => {
  test('at most rowsPerTickMax rows in a tick, the visible first, the others counted as behind', async () => {
    const told = page({ rowsPerTickMax: 3, tickMs: 15 });
    for (let at = 0; at < 10; at++) told.inspector.observe(step('g-1', `agent-t${at}-1`, 'thinking'));
    told.connection.receive({ type: 'view', visible: [9] });
    await eventually(() => expect(told.frames.flatMap(({ rows = [] }) => rows)).toHaveLength(10));
    expect(told.frames[0]?.rows?.[0]?.[0]).toBe(9);
    expect(told.frames.map(({ rows = [], behind }) => [rows.length, behind])).toEqual([
      [3, 7],
      [3, 4],
      [3, 1],
      [1, 0],
    ]);
    await told.close();
  });

  test('nothing while it does not read, then what is so now', async () => {
    const told = page({ bufferedBytesMax: 100 });
    told.out.bufferedBytes = 101;
    for (const state of ['thinking', 'acting', 'waiting']) told.inspector.observe(step('g-1', 'a', state));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told.frames).toEqual([]);
    told.out.bufferedBytes = 0;
    await eventually(() => expect(told.frames).toHaveLength(1));
    expect(told.frames[0]?.rows?.[0]?.[1]).toBe('waiting');
    await told.close();
  });

  test('every step of a watched actor, with its history and a context that is safe to show', async () => {
    const told = page();
    const context: Record<string, unknown> = {
      model: 'sekret',
      error: new Error('with a sekret'),
      tools: new Map([['a', 1]]),
      large: 'x'.repeat(5_000_000),
      list: new Array(100).fill(1),
    };
    context['self'] = context;
    told.inspector.observe(step('g-1', 'a', 'thinking', { context }));
    told.connection.receive({ type: 'watch', actor: 1 });
    await eventually(() => expect(told.frames.some(({ watched }) => watched !== undefined)).toBe(true));
    const first = told.frames.flatMap(({ watched = [] }) => watched)[0];
    expect(first).toMatchObject({
      actor: 1,
      history: true,
      context: { model: '[redacted]', error: '[Error: with a [redacted]]', tools: '[Map of 1]', self: '[cycle]' },
    });
    expect(JSON.stringify(first).length).toBeLessThan(4_000);
    for (let seq = 2; seq <= 4; seq++) told.inspector.observe(step('g-1', 'a', 'acting', { seq }));
    await eventually(() => expect(told.frames.flatMap(({ watched = [] }) => watched.flatMap(({ steps }) => steps.map(([seq]) => seq)))).toEqual([1, 2, 3, 4]));
    await told.close();
  });

  test('no actor of another tenant', async () => {
    const told = page();
    told.inspector.observe({ ...step('g-2', 'b', 'thinking'), actor: { tenant: 'other', root: 'g-2', actor: 'b' } });
    told.inspector.observe(step('g-1', 'a', 'thinking'));
    await eventually(() => expect(told.frames.length).toBeGreaterThan(0));
    expect(JSON.stringify(told.frames)).not.toContain('g-2');
    expect(told.frames.at(-1)?.total).toBe(1);
    await told.close();
  });

  test('the tape, and how much of it was left out', async () => {
    const told = page({ tapeRowsPerTickMax: 5, tickMs: 15 });
    told.connection.receive({ type: 'tape', on: true });
    for (let seq = 1; seq <= 20; seq++) told.inspector.observe(step('g-1', 'a', 'thinking', { seq }));
    await eventually(() => expect(told.frames.some(({ tape }) => tape !== undefined)).toBe(true));
    const [tape] = told.frames.flatMap((frame) => (frame.tape === undefined ? [] : [frame.tape]));
    expect(tape?.rows.map(([, seq]) => seq)).toEqual([16, 17, 18, 19, 20]);
    expect(tape?.leftOut).toBe(15);
    await told.close();
  });

  test('a message that is none is refused', async () => {
    const told = page();
    expect(() => told.connection.receive({ type: 'send', actor: 1 })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    expect(() => told.connection.receive({ type: 'view', visible: new Array(1_000).fill(1) })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    await told.close();
  });
});

test('an observation that cannot be taken is counted and hurts nobody', async () => {
  const inspector = createInspector({
    now: () => {
      throw new Error('no clock');
    },
  });
  expect(() => inspector.observe(step('g-1', 'a', 'thinking'))).not.toThrow();
  expect(inspector.failures).toBe(1);
  await inspector.stop();
});
