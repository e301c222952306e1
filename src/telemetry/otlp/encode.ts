import type { MetricFamily } from '../metrics/family.ts';
import type { Attributes, AttributeValue, Span } from '../traces/span.ts';

/** The JSON form of OTLP (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex, 64-bit numbers as text. */

const spanKinds = { internal: 1, client: 3 } as const;
const statusError = 2;
const cumulative = 2;

export interface Scope {
  readonly name: string;
  readonly version: string;
}

export function tracesJson(spans: readonly Span[], resource: Attributes, scope: Scope): string {
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope, spans: spans.map(spanJson) }] }] });
}

export function metricsJson(families: readonly MetricFamily[], resource: Attributes, scope: Scope, startedAt: number, at: number): string {
  const metrics = families.map((family) => metricJson(family, nanos(startedAt), nanos(at)));
  return JSON.stringify({ resourceMetrics: [{ resource: { attributes: attributesOf(resource) }, scopeMetrics: [{ scope, metrics }] }] });
}

function spanJson({ traceId, spanId, parentSpanId, name, kind, start, end, attributes, events = [], error }: Span): unknown {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: spanKinds[kind],
    startTimeUnixNano: nanos(start),
    endTimeUnixNano: nanos(end),
    attributes: attributesOf(attributes),
    ...(events.length === 0
      ? {}
      : { events: events.map((event) => ({ name: event.name, timeUnixNano: nanos(event.at), attributes: attributesOf(event.attributes ?? {}) })) }),
    status: error === undefined ? {} : { code: statusError, message: error },
  };
}

function metricJson(family: MetricFamily, startTimeUnixNano: string, timeUnixNano: string): unknown {
  const { name, help: description, unit } = family;
  const described = { name, description, ...(unit === '' ? {} : { unit }) };
  const times = { startTimeUnixNano, timeUnixNano };
  if (family.kind === 'histogram') {
    const dataPoints = family.samples.map(({ labels, counts, sum }) => ({
      ...times,
      attributes: attributesOf(labels),
      count: String(counts.reduce((all, count) => all + count, 0)),
      sum,
      bucketCounts: counts.map(String),
      explicitBounds: family.bounds,
    }));
    return { ...described, histogram: { aggregationTemporality: cumulative, dataPoints } };
  }
  const dataPoints = family.samples.map(({ labels, value }) => ({ ...times, attributes: attributesOf(labels), asDouble: value }));
  if (family.kind === 'gauge') return { ...described, gauge: { dataPoints } };
  return { ...described, sum: { aggregationTemporality: cumulative, isMonotonic: true, dataPoints } };
}

/** Milliseconds, of which there are never more than a number holds exactly, as nanoseconds. */
function nanos(ms: number): string {
  return `${Math.max(0, Math.round(ms))}000000`;
}

function attributesOf(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: Number.isFinite(value) ? value : 0 };
  return { arrayValue: { values: value.map((one) => ({ stringValue: one })) } };
}
