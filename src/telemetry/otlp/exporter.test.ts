import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { traceIdOf } from '../traces/ids.ts';
import type { Span } from '../traces/span.ts';
import { Exporter, type ExporterOptions } from './exporter.ts';
import { otlpSettings } from './settings.ts';

const span = (at: number): Span => ({
  traceId: traceIdOf('acme', `g-${at}`),
  spanId: at.toString(16).padStart(16, '0'),
  name: `s${at}`,
  kind: 'internal',
  start: at,
  end: at + 1,
  attributes: {},
});

describe('sending spans', () => {
  let server: Server;
  let bodies: string[];
  let answer: (response: ServerResponse) => void;
  let made: Exporter[];
  beforeEach(async () => {
    bodies = [];
    made = [];
    answer = (response) => void response.end('{}');
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      request.on('end', () => {
        bodies.push(text);
        answer(response);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(async () => {
    await Promise.all(made.map((one) => one.stop()));
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  function exporter(environment: Record<string, string>, more: Partial<ExporterOptions> = {}) {
    const notes: string[] = [];
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const settings = otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '5', ...environment }, { version: '1', node: 'n' });
    const one = new Exporter({
      settings,
      version: '1',
      sends: { traces: true, metrics: false },
      metrics: async () => [],
      onNote: (line) => void notes.push(line),
      stopMaxMs: 50,
      ...more,
    });
    made.push(one);
    return { exporter: one, notes };
  }
  const names = () => bodies.flatMap((body) => [...body.matchAll(/"name":"(s\d+)"/g)].map(([, name]) => name));
  const eventually = (probe: () => void) => vi.waitFor(probe, { timeout: 5_000, interval: 2 });

  test('spans go out in batches, in order, and what is left goes at the end', async () => {
    const { exporter: sent } = exporter({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '3', OTEL_BSP_SCHEDULE_DELAY: '60000' });
    for (let at = 1; at <= 4; at++) sent.take(span(at));
    await eventually(() => expect(bodies).toHaveLength(1));
    await sent.stop();
    expect([names(), sent.sent, sent.dropped.spans]).toEqual([['s1', 's2', 's3', 's4'], 4, 0]);
  });

  test('a receiver that hangs fills the queue, which drops and counts; stopping does not wait for it', async () => {
    answer = () => undefined;
    const { exporter: sent } = exporter({ OTEL_BSP_MAX_QUEUE_SIZE: '5', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' });
    for (let at = 1; at <= 20; at++) sent.take(span(at));
    expect(sent.dropped.spans).toBe(13);
    await sent.stop();
    expect([sent.sent, sent.dropped.spans]).toEqual([0, 20]);
  });

  test('a receiver that is busy is asked again; one that refuses is not', async () => {
    let busy = 1;
    answer = (response) => {
      response.statusCode = busy-- > 0 ? 503 : 200;
      response.end();
    };
    const { exporter: sent } = exporter({});
    sent.take(span(1));
    await eventually(() => expect(sent.sent).toBe(1));
    expect(bodies).toHaveLength(2);
    answer = (response) => {
      response.statusCode = 400;
      response.end();
    };
    const { exporter: refused, notes } = exporter({});
    refused.take(span(2));
    await eventually(() => expect(refused.dropped.spans).toBe(1));
    expect([bodies.length, notes]).toEqual([3, [expect.stringMatching(/^1 spans could not be sent to http:\/\/127.*: HTTP 400$/)]]);
  });

  test('a part of the traces is sent, the same part everywhere', async () => {
    const { exporter: sent } = exporter({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' });
    const again = exporter({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' }).exporter;
    for (let at = 1; at <= 200; at++) sent.take(span(at));
    await sent.stop();
    const first = new Set(names());
    expect(first.size).toBeGreaterThan(60);
    expect(first.size).toBeLessThan(140);
    bodies = [];
    for (let at = 1; at <= 200; at++) again.take(span(at));
    await again.stop();
    expect(new Set(names())).toEqual(first);
  });
});
