import type { MetricFamily } from '../metrics/family.ts';
import type { Span } from '../traces/span.ts';
import { metricsJson, type Scope, tracesJson } from './encode.ts';
import { send } from './sender.ts';
import type { OtlpSettings } from './settings.ts';

/** What a stopping node waits for a receiver. Milliseconds. */
export const stopMaxMs = 2_000;

export interface ExporterOptions {
  readonly settings: OtlpSettings;
  readonly version: string;
  readonly sends: { readonly traces: boolean; readonly metrics: boolean };
  /** The figures to send. */
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  readonly onNote: (line: string) => void;
  /** Default 2,000. */
  readonly stopMaxMs?: number;
}

/**
 * Sends spans in batches and metrics at intervals. One request of each at a time: a receiver that hangs lets the queue fill up, which
 * then drops and counts, and nothing else of the node ever waits for it.
 */
export class Exporter {
  readonly #options: ExporterOptions;
  readonly #scope: Scope;
  readonly #startedAt = Date.now();
  readonly #stop = new AbortController();
  #queue: Span[] = [];
  #timer: NodeJS.Timeout | undefined;
  #metricsTimer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #sent = 0;
  #dropped = { spans: 0, metrics: 0 };

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#scope = { name: 'flockwork', version: options.version };
    if (options.sends.metrics) this.#metricsTimer = setInterval(() => void this.#sendMetrics(), options.settings.metricsMs).unref();
  }

  get sent(): number {
    return this.#sent;
  }

  get dropped(): { readonly spans: number; readonly metrics: number } {
    return this.#dropped;
  }

  readonly take = (span: Span): void => {
    const { settings, sends } = this.#options;
    if (!sends.traces || !sampled(span.traceId, settings.ratio)) return;
    if (this.#queue.length >= settings.queueSpansMax) {
      this.#dropped.spans++;
      return;
    }
    this.#queue.push(span);
    if (this.#queue.length >= settings.batchSpansMax) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), settings.delayMs).unref();
  };

  /** Sends what is left, for at most `stopMaxMs`. */
  async stop(): Promise<void> {
    clearInterval(this.#metricsTimer);
    const late = setTimeout(() => this.#stop.abort(), this.#options.stopMaxMs ?? stopMaxMs);
    if (this.#options.sends.metrics) await this.#sendMetrics();
    do {
      this.#flush();
      await this.#sending;
    } while (this.#queue.length > 0 && !this.#stop.signal.aborted);
    clearTimeout(late);
    clearTimeout(this.#timer);
    this.#dropped.spans += this.#queue.splice(0).length;
    this.#stop.abort();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#queue.length === 0) return;
    this.#sending = this.#sendSpans(this.#queue.splice(0, this.#options.settings.batchSpansMax)).finally(() => {
      this.#sending = undefined;
      if (this.#queue.length >= this.#options.settings.batchSpansMax) this.#flush();
      else if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#flush(), this.#options.settings.delayMs).unref();
    });
  }

  async #sendSpans(batch: readonly Span[]): Promise<void> {
    const { settings, onNote } = this.#options;
    const why = await send(settings.traces, tracesJson(batch, settings.resource, this.#scope), this.#stop.signal);
    if (why === undefined) this.#sent += batch.length;
    else {
      this.#dropped.spans += batch.length;
      onNote(`${batch.length} spans could not be sent to ${shown(settings.traces.url)} and are dropped: ${why}`);
    }
  }

  async #sendMetrics(): Promise<void> {
    const { settings, metrics, onNote } = this.#options;
    try {
      const json = metricsJson(await metrics(), settings.resource, this.#scope, this.#startedAt, Date.now());
      const why = await send(settings.metrics, json, this.#stop.signal);
      if (why === undefined) return;
      onNote(`metrics could not be sent to ${shown(settings.metrics.url)}: ${why}`);
    } catch (error) {
      onNote(`metrics could not be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#dropped.metrics++;
  }
}

/** The same decision on every node: by the last 56 bits of the trace's id, as OpenTelemetry's TraceIdRatioBased does. */
function sampled(traceId: string, ratio: number): boolean {
  return ratio >= 1 || Number.parseInt(traceId.slice(-14), 16) < ratio * 2 ** 56;
}

/** An address without what may be secret in it. */
function shown(url: string): string {
  return URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : 'an address that is none';
}
