import type { Journal } from '../../actors/ports/journal.ts';
import type { Observation, Observer } from '../../actors/ports/observer.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import type { LoadedConfig } from '../config/index.ts';
import { type Log, type MetricFamily, type Otlp, otlpWanted, PortMetrics, ProcessMetrics, SwarmMetrics } from '../telemetry/index.ts';
import type { Sandbox } from '../tools/index.ts';
import { pastRecords } from './past-records.ts';
import type { NodeParts } from './start-node.ts';
import { version } from './version.ts';

export interface NodeTelemetry {
  /** Sees every step of every actor; never throws. */
  readonly observe: Observer;
  /** Times what reaches outside. */
  wrap(parts: NodeParts): NodeParts;
  /** Adds the runs of a sandbox to the traces. */
  sandbox(sandbox: Sandbox): Sandbox;
  /** Adds what is only known once the node is put together. */
  add(figures: () => Promise<readonly MetricFamily[]>): void;
  metrics(): Promise<readonly MetricFamily[]>;
  /** Sends what is left, for a bounded time. */
  stop(): Promise<void>;
}

export interface NodeTelemetryOptions {
  readonly config: LoadedConfig;
  readonly node: string;
  readonly journal: Pick<Journal, 'read'>;
  readonly log: Log | undefined;
  readonly onNote: (line: string) => void;
}

/** The telemetry of one node: figures always, traces and metrics over OTLP only where the environment asks for them. */
export async function createNodeTelemetry(options: NodeTelemetryOptions): Promise<NodeTelemetry> {
  const { log } = options;
  const ports = new PortMetrics(() => performance.now());
  const swarm = new SwarmMetrics();
  const own = new ProcessMetrics();
  const added: (() => Promise<readonly MetricFamily[]>)[] = [];
  const metrics = async (): Promise<readonly MetricFamily[]> => {
    const more = await Promise.all(added.map((figures) => figures()));
    const { spans, metrics: sets } = otlp?.dropped ?? { spans: 0, metrics: 0 };
    const dropped = { spans, metrics: sets, logs: log?.dropped ?? 0 };
    return [
      ...more.flat(),
      ...swarm.families(),
      ...ports.families(),
      ...own.families(),
      ...(log?.families() ?? []),
      ...(otlp?.families() ?? []),
      {
        kind: 'counter',
        name: 'flockwork.telemetry.dropped',
        help: 'Spans, sets of metrics and log lines that nobody could take.',
        unit: '',
        samples: Object.entries(dropped).map(([signal, value]) => ({ labels: { signal }, value })),
      },
    ];
  };
  const otlp = await otlpOf(options, metrics);

  return {
    observe: safely([swarm.observe, ...(log === undefined ? [] : [log.observe]), ...(otlp === undefined ? [] : [otlp.observe])], options.onNote),
    wrap({ bus, models, tools }) {
      const timed = { bus: ports.bus(bus), models: ports.models(models), tools: ports.tools(tools) };
      return otlp === undefined ? timed : { ...timed, models: otlp.models(timed.models), tools: otlp.tools(timed.tools) };
    },
    sandbox: (sandbox) => otlp?.sandbox(sandbox) ?? sandbox,
    add: (figures) => void added.push(figures),
    metrics,
    async stop() {
      await otlp?.stop();
      own.stop();
    },
  };
}

async function otlpOf(
  { config, node, journal, log, onNote }: NodeTelemetryOptions,
  metrics: () => Promise<readonly MetricFamily[]>,
): Promise<Otlp | undefined> {
  const { environment } = config;
  const sends = otlpWanted(environment);
  if (!sends.traces && !sends.metrics) return undefined;
  const { startOtlp } = await import('../telemetry/otlp/start.ts');
  return startOtlp({
    environment,
    sends,
    version,
    node,
    past: (address, of) => pastRecords(journal, address, of),
    metrics,
    onNote: log === undefined ? onNote : (message) => log.write({ level: 'warn', area: 'telemetry', message }),
  });
}

/** Telemetry that fails misses something; whom it watches does not notice. */
function safely(observers: readonly Observer[], onNote: (line: string) => void): Observer {
  return (observation: Observation) => {
    for (const observe of observers) {
      try {
        observe(observation);
      } catch (error) {
        onNote(`telemetry of ${observation.machine} failed: ${failureOf(error).message}`);
      }
    }
  };
}
