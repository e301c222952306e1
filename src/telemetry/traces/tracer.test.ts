import { describe, expect, test, vi } from 'vitest';
import type { Observation } from '../../../actors/ports/observer.ts';
import type { Fact, FactType } from '../../../protocols/journal/facts.ts';
import { spanIdOf, traceIdOf } from './ids.ts';
import type { Span } from './span.ts';
import { type PastRecord, Tracer } from './tracer.ts';

const fact = (type: FactType, data: Record<string, unknown> = {}): Fact => ({ seq: 1, type, data });

type Step = readonly [at: number, facts: readonly Fact[]];

/** An agent that asks a model, uses a tool, asks again and answers. */
const agentSteps: readonly Step[] = [
  [1_000, [fact('task.started', { task: 't0', attempt: 1, model: 'openai/m', role: 'map' }), fact('model.called', { call: 'c1', model: 'openai/m', tick: 1 })]],
  [
    1_100,
    [
      fact('model.replied', { call: 'c1', model: 'm-1', finish: 'tool-calls', tokens: 9, costMicroUsd: null }),
      fact('tool.requested', { call: 'c1.0', name: 'fs.list' }),
    ],
  ],
  [
    1_200,
    [
      fact('tool.completed', { call: 'c1.0', name: 'fs.list', ok: false, code: 'tool_failed' }),
      fact('model.called', { call: 'c2', model: 'openai/m', tick: 2 }),
    ],
  ],
  [1_300, [fact('model.replied', { call: 'c2', model: 'm-1', finish: 'stop', tokens: 9, costMicroUsd: 5 }), fact('agent.answered', { task: 't0' })]],
];

function agentStep(seq: number, [at, facts]: Step): Observation {
  const actor = { tenant: 'acme', root: 'g-1', actor: 'agent-t0-1' };
  return { actor, machine: 'agent', seq, at, facts, event: 'x', state: 'thinking', context: {}, mailboxDepth: 0, restarts: 0 };
}

function traced(past: readonly PastRecord[] = []) {
  const spans: Span[] = [];
  const notes: string[] = [];
  const read = async function* (): AsyncGenerator<PastRecord> {
    yield* past;
  };
  const tracer = new Tracer({ emit: (span) => void spans.push(span), past: read, onNote: (line) => void notes.push(line) });
  return { spans, notes, tracer };
}

describe('the spans of an agent', () => {
  test('follow from its facts: rounds in the agent, calls and tools in their round', () => {
    const { spans, tracer } = traced();
    for (const [index, step] of agentSteps.entries()) tracer.observe(agentStep(index + 1, step));
    const nameOf = (id: string | undefined): string => spans.find(({ spanId }) => spanId === id)?.name ?? 'outside';
    expect(spans.map(({ name, parentSpanId, start, end, error }) => [name, nameOf(parentSpanId), start, end, error])).toEqual([
      ['chat m', 'agent.tick', 1_000, 1_100, undefined],
      ['execute_tool fs.list', 'agent.tick', 1_100, 1_200, 'tool_failed'],
      ['agent.tick', 'invoke_agent map', 1_000, 1_200, undefined],
      ['chat m', 'agent.tick', 1_200, 1_300, undefined],
      ['agent.tick', 'invoke_agent map', 1_200, 1_300, undefined],
      ['invoke_agent map', 'outside', 1_000, 1_300, undefined],
    ]);
    expect(spans.at(-1)?.parentSpanId).toBe(spanIdOf('acme', 'g-1', 'task', 't0'));
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf('acme', 'g-1')]));
  });

  test('an agent that ends in the middle of a call leaves nothing open', () => {
    const { spans, tracer } = traced();
    tracer.observe(agentStep(1, agentSteps[0] ?? [0, []]));
    tracer.observe(agentStep(2, [1_050, [fact('agent.failed', { code: 'cancelled' })]]));
    expect(spans.map(({ name, error }) => [name, error])).toEqual([
      ['chat m', 'cancelled'],
      ['agent.tick', undefined],
      ['invoke_agent map', 'cancelled'],
    ]);
  });

  test('a worker that goes on where another died makes the same spans, from the journal', async () => {
    const whole = traced();
    for (const [index, step] of agentSteps.entries()) whole.tracer.observe(agentStep(index + 1, step));
    const before = agentSteps.slice(0, 3).map(([at, facts], index) => ({ actor: 'agent-t0-1', n: index + 1, at, facts }));
    const { spans, tracer } = traced(before);
    tracer.observe(agentStep(4, [60_000, [fact('cell.opened', { node: 'b', epoch: 2 })]]));
    // Steps that come while the past is read wait for it.
    tracer.observe(agentStep(5, agentSteps[3] ?? [0, []]));
    await vi.waitFor(() => expect(spans).toHaveLength(6), { timeout: 5_000, interval: 1 });
    expect(new Set(spans.map(({ spanId }) => spanId))).toEqual(new Set(whole.spans.map(({ spanId }) => spanId)));
    expect(spans.at(-1)).toMatchObject({ name: 'invoke_agent map', start: 1_000, events: [{ name: 'cell.opened', at: 60_000 }] });
  });

  test('what ended long before the crash had left the process, and is not sent again', async () => {
    const old = agentSteps.slice(0, 2).map(([at, facts], index) => ({ actor: 'agent-t0-1', n: index + 1, at, facts }));
    const last = { actor: 'agent-t0-1', n: 3, at: 100_000, facts: agentSteps[2]?.[1] ?? [] };
    const { spans, tracer } = traced([...old, last]);
    tracer.observe(agentStep(4, [200_000, [fact('cell.opened', { node: 'b', epoch: 2 })]]));
    await vi.waitFor(() => expect(spans.map(({ name }) => name)).toEqual(['execute_tool fs.list', 'agent.tick']), { timeout: 5_000, interval: 1 });
  });

  test('a past that cannot be read is told, and the agent is traced from there on', async () => {
    const spans: Span[] = [];
    const notes: string[] = [];
    const broken = async function* (): AsyncGenerator<PastRecord> {
      yield* [];
      throw new Error('away');
    };
    const tracer = new Tracer({ emit: (span) => void spans.push(span), past: broken, onNote: (line) => void notes.push(line) });
    tracer.observe(agentStep(4, [1_000, [fact('cell.opened', { node: 'b', epoch: 2 })]]));
    tracer.observe(agentStep(5, [1_300, [fact('agent.answered', { task: 't0' })]]));
    await vi.waitFor(() => expect(spans.map(({ name }) => name)).toEqual(['invoke_agent agent']), { timeout: 5_000, interval: 1 });
    expect(notes).toEqual([expect.stringContaining('away')]);
  });
});

test('ids are those of OpenTelemetry, and nobody else has them', () => {
  expect(traceIdOf('acme', 'g-1')).toMatch(/^[0-9a-f]{32}$/);
  expect(spanIdOf('acme', 'g-1')).toMatch(/^[0-9a-f]{16}$/);
  const ids = [
    spanIdOf('acme', 'g-1'),
    spanIdOf('acme', 'g-2'),
    spanIdOf('other', 'g-1'),
    spanIdOf('acme', 'g-1', 'a'),
    spanIdOf('acme', 'g-1', 'a', 'b'),
    spanIdOf('acme', 'g-1a', 'b'),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});
