import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout, goalIn, jsonLines, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();

interface Seen {
  readonly signal: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly status: { readonly code?: number };
  readonly events?: readonly { readonly name: string }[];
  readonly key?: string;
}

/** A real receiver in its own process, and the spans that it got, each once. */
async function receiver() {
  const server = stage().spawn(process.execPath, [join(checkout, 'test/e2e/otlp-receiver.ts')]);
  await until('the receiver listens', () => server.out().includes('port'));
  const lines = () => jsonLines(server.out().replace(/[^\n]*$/, ''));
  const url = `http://127.0.0.1:${String(lines()[0]?.['port'])}`;
  const all = () => lines().filter(({ signal }) => signal === 'span') as unknown as Seen[];
  const spans = (goal: string) => [
    ...new Map(
      all()
        .filter(({ attributes }) => attributes['flockwork.goal'] === goal)
        .map((span) => [span.spanId, span]),
    ).values(),
  ];
  return { url, lines, all, spans };
}

/** The tree of spans as text, children by their start and name. */
function treeOf(spans: readonly Seen[]): string[] {
  const children = (parent: string | undefined, depth: number): string[] =>
    spans
      .filter((span) => span.parentSpanId === parent)
      .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)) || a.name.localeCompare(b.name))
      .flatMap((span) => [`${'  '.repeat(depth)}${span.name}`, ...children(span.spanId, depth + 1)]);
  return children(undefined, 0);
}

/** Every span has one trace, a parent that is there, and lies within it. */
function expectWhole(spans: readonly Seen[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual([expect.stringMatching(/^goal /)]);
  for (const span of spans) {
    if (span.parentSpanId === undefined) continue;
    const parent = byId.get(span.parentSpanId);
    expect([span.name, parent?.name]).toEqual([span.name, expect.any(String)]);
    expect(BigInt(span.startTimeUnixNano) >= BigInt(parent?.startTimeUnixNano ?? 0)).toBe(true);
  }
}

const ended = (spans: readonly Seen[]): boolean => spans.some(({ parentSpanId }) => parentSpanId === undefined);

describe('traces', () => {
  test('a goal is one trace: task, agent, ticks, model calls, tools and sandbox, with what they used', { timeout: 2 * processMaxMs }, async () => {
    const { url, spans, lines } = await receiver();
    const { env } = await stage().model({
      models: ['mock'],
      script: [{ when: { toolResults: 0 }, reply: { toolCalls: [{ name: 'system.run', input: { command: 'echo hi' } }] } }, { reply: { text: 'done' } }],
    });
    const otel = {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=s%20ecret',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_SERVICE_NAME: 'swarm',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    };
    const run = await stage().start(['run', 'say hello', '--strategy', 'single', '--sandbox', 'none'], { env: { ...env, ...otel } }).ended;
    expect([run.code, run.out]).toEqual([0, 'done\n']);
    const seen = spans(goalIn(run.err));
    expect(treeOf(seen)).toEqual([
      'goal single',
      '  task single',
      '    invoke_agent single',
      '      agent.tick',
      '        chat mock',
      '        execute_tool system.run',
      '          sandbox none',
      '      agent.tick',
      '        chat mock',
    ]);
    expectWhole(seen);
    const chat = seen.find(({ name }) => name === 'chat mock');
    expect(chat).toMatchObject({
      kind: 3,
      key: 's ecret',
      resource: { 'service.name': 'swarm', 'deployment.environment.name': 'test', 'service.version': expect.any(String) },
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'mock',
        'gen_ai.response.finish_reasons': ['tool-calls'],
        'gen_ai.usage.input_tokens': expect.any(Number),
        'gen_ai.usage.output_tokens': expect.any(Number),
      },
    });
    // What people and models say stays at home.
    expect(JSON.stringify(seen)).not.toMatch(/say hello|echo hi/);
    expect(
      lines()
        .filter(({ signal }) => signal === 'metric')
        .map(({ name }) => name),
    ).toEqual(expect.arrayContaining(['flockwork.ticks', 'flockwork.tools.latency']));
  });

  test('kill -9 in the middle: the next node goes on with the same trace, and nothing is missing', { timeout: 3 * processMaxMs }, async () => {
    const { url, spans } = await receiver();
    const { env, model } = await stage().model({
      models: ['mock'],
      script: [
        { when: { toolResults: 0 }, reply: { toolCalls: [{ name: 'fs.list', input: {} }] } },
        // The second call is in flight when the node dies.
        { when: { toolResults: 1 }, times: 1, reply: { text: 'never heard', latencyMs: 600_000 } },
        { reply: { text: 'done' } },
      ],
    });
    const otel = { ...env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`, OTEL_BSP_SCHEDULE_DELAY: '60000' };
    const first = await stage().node([], { env: otel });
    const submitted = await stage().cli('submit', 'say hello', '--strategy', 'single');
    const goal = submitted.out.trim();
    await until('the second call is in flight', () => model.calls.length === 2);
    first.child.kill('SIGKILL');
    await first.ended;
    // Nothing had left that process.
    expect(spans(goal)).toEqual([]);

    const second = await stage().node([], { env: { ...otel, OTEL_BSP_SCHEDULE_DELAY: '50' } });
    await until('the goal has ended', () => ended(spans(goal)));
    const seen = spans(goal);
    expect(treeOf(seen)).toEqual([
      'goal single',
      '  task single',
      '    invoke_agent single',
      '      agent.tick',
      '        chat mock',
      '        execute_tool fs.list',
      '      agent.tick',
      '        chat mock',
    ]);
    expectWhole(seen);
    const calls = seen.filter(({ name }) => name === 'chat mock');
    expect(calls.map(({ attributes }) => attributes['flockwork.repeated'])).toEqual(expect.arrayContaining([undefined, true]));
    expect(seen.find(({ name }) => name === 'invoke_agent single')?.events?.map(({ name }) => name)).toEqual(['cell.opened']);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });

  test('a receiver that hangs, or is not there, costs spans and nothing else', { timeout: 3 * processMaxMs }, async () => {
    const { url } = await receiver();
    for (const endpoint of [`${url}/hang`, 'http://127.0.0.1:9']) {
      const node = await stage().node([], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_MAX_QUEUE_SIZE: '4', OTEL_BSP_SCHEDULE_DELAY: '10' } });
      for (let at = 0; at < 3; at++) expect((await stage().cli('submit', 'say hello', '--strategy', 'single', '--watch')).code).toBe(0);
      const metrics = await (await fetch(`${node.http}/metrics`)).text();
      expect(Number(/^flockwork_telemetry_dropped_total\{signal="spans"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
      node.child.kill('SIGTERM');
      expect((await node.ended).code).toBe(0);
    }
  });

  test('unless the environment asks for it, nothing of it is loaded; nor the log of a service by `run`', { timeout: 2 * processMaxMs }, async () => {
    await stage().write(
      'loaded.mjs',
      `import { registerHooks } from 'node:module';
import { appendFileSync } from 'node:fs';
registerHooks({ load(url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return next(url, context); } });`,
    );
    const loadedBy = async (name: string, more: Record<string, string>): Promise<string> => {
      const env = { NODE_OPTIONS: `--import ${stage().path('loaded.mjs')}`, LOADED: stage().path(name), ...more };
      expect((await stage().start(['run', 'say hello', '--strategy', 'single'], { env }).ended).code).toBe(0);
      return stage().read(name);
    };
    const off = await loadedBy('off', {});
    expect(off).toContain('/src/telemetry/index.ts');
    expect(off).not.toMatch(/telemetry\/otlp\/(?!wanted)|traces\/(?!ids)|\/pino\/|opentelemetry/);
    const on = await loadedBy('on', { OTEL_TRACES_EXPORTER: 'otlp' });
    expect(on).toMatch(/telemetry\/otlp\/exporter/);
    expect(await loadedBy('disabled', { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' })).not.toMatch(/otlp\/exporter/);
  });
});
