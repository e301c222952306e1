type Environment = Readonly<Record<string, string | undefined>>;

/** Where nothing is named but that something is to be sent. */
const endpointDefault = 'http://localhost:4318';
/** Defaults of OpenTelemetry's specification but for the delay, which is shorter: what has not left the process dies with it. */
const defaults = { timeoutMs: 10_000, queueSpansMax: 2_048, batchSpansMax: 512, delayMs: 1_000, metricsMs: 60_000 };

export interface SignalSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  /** For one request. Milliseconds. */
  readonly timeoutMs: number;
}

export interface OtlpSettings {
  readonly traces: SignalSettings;
  readonly metrics: SignalSettings;
  readonly resource: Readonly<Record<string, string>>;
  /** Spans that wait; above it new ones are dropped and counted. */
  readonly queueSpansMax: number;
  readonly batchSpansMax: number;
  /** A span waits at most this long before it is sent. Milliseconds. */
  readonly delayMs: number;
  /** How often metrics are sent. Milliseconds. */
  readonly metricsMs: number;
  /** The part of all traces that is sent, 0 to 1. */
  readonly ratio: number;
  /** What was asked for and is done otherwise, for a note. */
  readonly notes: readonly string[];
}

/** Reads the variables of OpenTelemetry (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). What does not fit counts as unset, and is noted. */
export function otlpSettings(environment: Environment, service: { readonly version: string; readonly node: string }): OtlpSettings {
  const notes: string[] = [];
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const number = (name: string, fallback: number): number => {
    const given = text(name);
    if (given === undefined) return fallback;
    const value = Number(given);
    if (Number.isInteger(value) && value > 0) return value;
    notes.push(`${name}=${given} is not a whole number above 0; ${fallback} is used`);
    return fallback;
  };
  const signal = (name: 'TRACES' | 'METRICS'): SignalSettings => {
    const of = (variable: string): string | undefined => text(`OTEL_EXPORTER_OTLP_${name}_${variable}`) ?? text(`OTEL_EXPORTER_OTLP_${variable}`);
    const own = text(`OTEL_EXPORTER_OTLP_${name}_ENDPOINT`);
    const base = (text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? endpointDefault).replace(/\/+$/, '');
    const protocol = of('PROTOCOL');
    if (protocol === 'grpc') notes.push('OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not spoken; http/json is sent, mostly to port 4318');
    const timeout = text(`OTEL_EXPORTER_OTLP_${name}_TIMEOUT`) === undefined ? 'OTEL_EXPORTER_OTLP_TIMEOUT' : `OTEL_EXPORTER_OTLP_${name}_TIMEOUT`;
    return {
      url: own ?? `${base}/v1/${name.toLowerCase()}`,
      headers: pairs(of('HEADERS') ?? ''),
      gzip: of('COMPRESSION') === 'gzip',
      timeoutMs: number(timeout, defaults.timeoutMs),
    };
  };
  const resource = {
    'service.name': 'flockwork',
    'service.version': service.version,
    'service.instance.id': service.node,
    ...pairs(text('OTEL_RESOURCE_ATTRIBUTES') ?? ''),
    ...(text('OTEL_SERVICE_NAME') === undefined ? {} : { 'service.name': text('OTEL_SERVICE_NAME') ?? '' }),
  };
  return {
    traces: signal('TRACES'),
    metrics: signal('METRICS'),
    resource,
    queueSpansMax: number('OTEL_BSP_MAX_QUEUE_SIZE', defaults.queueSpansMax),
    batchSpansMax: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', defaults.batchSpansMax),
    delayMs: number('OTEL_BSP_SCHEDULE_DELAY', defaults.delayMs),
    metricsMs: number('OTEL_METRIC_EXPORT_INTERVAL', defaults.metricsMs),
    ratio: ratioOf(text('OTEL_TRACES_SAMPLER'), text('OTEL_TRACES_SAMPLER_ARG'), notes),
    notes: [...new Set(notes)],
  };
}

/** `a=1,b=2`, values percent-encoded as in W3C Baggage. */
function pairs(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    if (at > 0) found[part.slice(0, at).trim()] = decoded(part.slice(at + 1).trim());
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function ratioOf(sampler: string | undefined, argument: string | undefined, notes: string[]): number {
  switch (sampler) {
    case undefined:
    case 'always_on':
    case 'parentbased_always_on':
      return 1;
    case 'always_off':
    case 'parentbased_always_off':
      return 0;
    case 'traceidratio':
    case 'parentbased_traceidratio': {
      const ratio = Number(argument ?? 1);
      if (ratio >= 0 && ratio <= 1) return ratio;
      notes.push(`OTEL_TRACES_SAMPLER_ARG=${argument} is not between 0 and 1; every trace is sent`);
      return 1;
    }
    default:
      notes.push(`OTEL_TRACES_SAMPLER=${sampler} is not known; every trace is sent`);
      return 1;
  }
}
