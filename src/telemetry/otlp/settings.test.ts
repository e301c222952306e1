import { describe, expect, test } from 'vitest';
import { otlpSettings } from './settings.ts';
import { otlpWanted } from './wanted.ts';

describe('whether anything is sent', () => {
  test.each([
    [{}, false, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x' }, true, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_METRICS_EXPORTER: 'none' }, true, false],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' }, false, false],
  ])('%j', (environment, traces, metrics) => expect(otlpWanted(environment)).toEqual({ traces, metrics }));
});

describe('the variables of OpenTelemetry', () => {
  const read = (environment: Record<string, string>) => otlpSettings(environment, { version: '1', node: 'n' });

  test('a base address gets the path of its signal, one of its own is taken as it is', () => {
    const { traces, metrics } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://m/x' });
    expect([traces.url, metrics.url]).toEqual(['http://c:4318/v1/traces', 'http://m/x']);
    expect(read({}).traces.url).toBe('http://localhost:4318/v1/traces');
  });

  test('headers, compression and timeouts may be set for all and for one', () => {
    const { traces, metrics } = read({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'y=2',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '50',
    });
    expect([traces.headers, metrics.headers]).toEqual([{ y: '2' }, { authorization: 'Bearer abc', x: '1' }]);
    expect([traces.gzip, traces.timeoutMs, metrics.timeoutMs]).toEqual([true, 10_000, 50]);
  });

  test('names of service and resource', () => {
    expect(read({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,team=b%2Cc', OTEL_SERVICE_NAME: 'swarm' }).resource).toEqual({
      'service.name': 'swarm',
      'service.version': '1',
      'service.instance.id': 'n',
      team: 'b,c',
    });
  });

  test('what does not fit counts as unset and is told', () => {
    const { queueSpansMax, ratio, notes } = read({ OTEL_BSP_MAX_QUEUE_SIZE: 'many', OTEL_TRACES_SAMPLER: 'mine', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect([queueSpansMax, ratio]).toEqual([2_048, 1]);
    expect(notes).toEqual([expect.stringContaining('PROTOCOL=grpc'), expect.stringContaining('QUEUE_SIZE=many'), expect.stringContaining('SAMPLER=mine')]);
  });

  test.each([
    ['always_off', undefined, 0],
    ['parentbased_traceidratio', '0.25', 0.25],
    ['traceidratio', '7', 1],
  ])('sampler %s with %s', (sampler, argument, ratio) =>
    expect(read({ OTEL_TRACES_SAMPLER: sampler, ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }) }).ratio).toBe(ratio),
  );
});
