import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Observation } from '../../../actors/ports/observer.ts';
import { type EmbeddedBus, openEmbeddedBus } from '../../bus/embedded/index.ts';
import { createInspector, type Inspector } from '../inspector.ts';
import type { Frame } from '../protocol.ts';

const step = (actor: string, state: string, fields: Partial<Observation> = {}): Observation => ({
  actor: { tenant: 'default', root: 'g-1', actor },
  machine: actor === 'coordinator' ? 'coordinator' : 'agent',
  seq: 1,
  at: 0,
  facts: [],
  event: 'agent.assign',
  state,
  context: { model: 'with a sekret' },
  mailboxDepth: 0,
  restarts: 0,
  ...fields,
});

let folder = '';
let bus: EmbeddedBus;
let open: Inspector[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flockwork-remote-'));
  bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] }, sync: 'off' });
});

afterEach(async () => {
  for (const inspector of open) await inspector.stop();
  open = [];
  await bus.close();
  await rm(folder, { recursive: true, force: true });
});

/** Nodes on one bus; `asked` counts what each was asked. */
async function nodes(...names: string[]): Promise<{ readonly inspectors: Inspector[]; readonly asked: string[] }> {
  const asked: string[] = [];
  const pubsub = {
    publish: bus.pubsub.publish.bind(bus.pubsub),
    subscribe: bus.pubsub.subscribe.bind(bus.pubsub),
    serve: bus.pubsub.serve.bind(bus.pubsub),
    request: (subject: string, body: string, options: { timeoutMs: number }) => {
      asked.push(subject);
      return bus.pubsub.request(subject, body, options);
    },
  };
  const inspectors = names.map((node) =>
    createInspector({
      bounds: { tickMs: 5, remoteMs: 5, remoteListMs: 20, remoteAnswerMs: 500 },
      redact: (text) => text.replaceAll('sekret', '[redacted]'),
      remote: { node, pubsub, nodes: async () => names },
    }),
  );
  for (const inspector of inspectors) await inspector.start();
  open.push(...inspectors);
  return { inspectors, asked };
}

const eventually = (probe: () => void) => vi.waitFor(probe, { timeout: 5_000, interval: 5 });

describe('actors of other nodes', () => {
  test('are asked for only while a page is open, and shown with their node', async () => {
    const { inspectors, asked } = await nodes('flock-a', 'flock-b');
    const [here, there] = inspectors;
    here?.observe(step('coordinator', 'running'));
    there?.observe(step('agent-t0-1', 'thinking', { parent: 'coordinator' }));
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(asked).toEqual([]);
    const frames: Frame[] = [];
    const page = here?.connect('default', { bufferedBytes: 0, send: (text) => void frames.push(JSON.parse(text)) });
    await eventually(() => expect(frames.at(-1)?.nodes).toEqual({ '': { 'coordinator.running': 1 }, 'flock-b': { 'agent.thinking': 1 } }));
    expect(frames.flatMap(({ actors = [] }) => actors.map((actor) => [actor[2], actor[4], actor[5]]))).toEqual([
      ['coordinator', '', ''],
      ['agent-t0-1', 'coordinator', 'flock-b'],
    ]);
    expect(frames.at(-1)?.total).toBe(2);
    // What changes there is told here, once.
    there?.observe(step('agent-t0-1', 'acting', { seq: 2, event: 'model.replied' }));
    await eventually(() => expect(frames.at(-1)?.counts).toEqual({ 'coordinator.running': 1, 'agent.acting': 1 }));
    page?.close();
    const before = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(asked.length).toBeLessThanOrEqual(before + 1);
  });

  test('one that is watched comes with its steps, its moves and a context that is safe to show', async () => {
    const { inspectors } = await nodes('flock-a', 'flock-b');
    const [here, there] = inspectors;
    there?.observe(step('agent-t0-1', 'thinking'));
    there?.observe(step('agent-t0-1', 'acting', { seq: 2, event: 'model.replied' }));
    const frames: Frame[] = [];
    const page = here?.connect('default', { bufferedBytes: 0, send: (text) => void frames.push(JSON.parse(text)) });
    await eventually(() => expect(frames.some(({ actors }) => actors !== undefined)).toBe(true));
    const number = frames.flatMap(({ actors = [] }) => actors)[0]?.[0] ?? 0;
    page?.receive({ type: 'watch', actor: number });
    for (const [seq, state] of [
      [3, 'thinking'],
      [4, 'acting'],
      [5, 'thinking'],
    ] as const)
      there?.observe(step('agent-t0-1', state, { seq, event: 'tool.completed' }));
    await eventually(() => {
      const told = frames.flatMap(({ watched = [] }) => watched);
      expect(told.flatMap(({ steps }) => steps.map(([seq]) => seq))).toEqual(expect.arrayContaining([4, 5]));
      expect(told.at(-1)?.context).toEqual({ model: 'with a [redacted]' });
    });
  });

  test('a node tells only of its own actors, however many nodes have a page open', async () => {
    const { inspectors } = await nodes('flock-a', 'flock-b', 'flock-c');
    const [, there] = inspectors;
    there?.observe(step('agent-t0-1', 'thinking'));
    const frames = inspectors.map((inspector) => {
      const told: Frame[] = [];
      inspector.connect('default', { bufferedBytes: 0, send: (text) => void told.push(JSON.parse(text)) });
      return told;
    });
    for (let seq = 2; seq < 30; seq++) {
      there?.observe(step('agent-t0-1', seq % 2 === 0 ? 'acting' : 'thinking', { seq }));
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    await eventually(() =>
      expect(frames.map((told) => told.at(-1)?.counts)).toEqual([{ 'agent.thinking': 1 }, { 'agent.thinking': 1 }, { 'agent.thinking': 1 }]),
    );
    const counted = frames.map((told) => Object.entries(told.at(-1)?.nodes ?? {}).filter(([, counts]) => Object.keys(counts).length > 0));
    expect(counted.map((one) => one.map(([node]) => node))).toEqual([['flock-b'], [], ['flock-b']]);
    expect(frames.flat().some(({ nodes: told }) => told?.['flock-a'] !== undefined || told?.['flock-c'] !== undefined)).toBe(false);
  });

  test('what tools did there is asked for only while somebody looks', async () => {
    const { inspectors } = await nodes('flock-a', 'flock-b');
    const [here, there] = inspectors;
    there?.observe(step('agent-t0-1', 'acting', { facts: [{ seq: 1, type: 'tool.requested', data: { call: 'c1', name: 'fs.read' } }] }));
    const answer = async (usage?: boolean): Promise<unknown> => {
      const question = { type: 'inspect', tenant: 'default', life: '', after: 0, watch: [], ...(usage === undefined ? {} : { usage }) };
      return JSON.parse(await bus.pubsub.request('flock.node.flock-b', JSON.stringify(question), { timeoutMs: 500 })).usage;
    };
    expect([await answer(), await answer(false)]).toEqual([undefined, undefined]);
    expect(await answer(true)).toMatchObject({ tools: [['fs.read', 1, '', 0, []]] });
    const frames: Frame[] = [];
    const page = here?.connect('default', { bufferedBytes: 0, send: (text) => void frames.push(JSON.parse(text)) });
    page?.receive({ type: 'usage', on: true });
    await eventually(() => expect(frames.findLast(({ usage }) => usage !== undefined)?.usage?.tools).toMatchObject([{ name: 'fs.read', inFlight: 1 }]));
  });

  test('a node that does not answer holds up nobody', async () => {
    const { inspectors } = await nodes('flock-a', 'flock-b', 'flock-c');
    const [here, there, gone] = inspectors;
    await gone?.stop();
    there?.observe(step('agent-t0-1', 'thinking'));
    const frames: Frame[] = [];
    here?.connect('default', { bufferedBytes: 0, send: (text) => void frames.push(JSON.parse(text)) });
    await eventually(() => expect(frames.at(-1)?.counts).toEqual({ 'agent.thinking': 1 }));
  });

  test('no actor of another tenant, and no answer to what is no question', async () => {
    const { inspectors } = await nodes('flock-a', 'flock-b');
    const [here, there] = inspectors;
    there?.observe({ ...step('agent-t0-1', 'thinking'), actor: { tenant: 'other', root: 'g-2', actor: 'agent-t0-1' } });
    there?.observe(step('agent-t1-1', 'thinking'));
    const frames: Frame[] = [];
    here?.connect('default', { bufferedBytes: 0, send: (text) => void frames.push(JSON.parse(text)) });
    await eventually(() => expect(frames.at(-1)?.total).toBe(1));
    expect(JSON.stringify(frames)).not.toContain('g-2');
    await expect(bus.pubsub.request('flock.node.flock-b', JSON.stringify({ type: 'send', actor: 1 }), { timeoutMs: 500 })).rejects.toThrow(
      /another node asked/,
    );
  });
});
