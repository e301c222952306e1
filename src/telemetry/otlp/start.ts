import { AsyncLocalStorage } from 'node:async_hooks';
import type { Models } from '../../../actors/ports/models.ts';
import type { Observer } from '../../../actors/ports/observer.ts';
import type { ToolCall, Tools } from '../../../actors/ports/tools.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { parseJournalSubject } from '../../../protocols/subjects.ts';
import { type MetricFamily, single } from '../metrics/family.ts';
import { toolSpanId } from '../traces/agent-spans.ts';
import { errorType, genAi } from '../traces/gen-ai.ts';
import { spanIdOf, traceIdOf } from '../traces/ids.ts';
import { Tracer, type TracerOptions } from '../traces/tracer.ts';
import { Exporter } from './exporter.ts';
import { otlpSettings } from './settings.ts';

export interface OtlpOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly sends: { readonly traces: boolean; readonly metrics: boolean };
  readonly version: string;
  readonly node: string;
  readonly past: TracerOptions['past'];
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  readonly onNote: (line: string) => void;
}

/** What a sandbox is for a trace. */
interface TracedSandbox<Run, Outcome> {
  readonly kind: string;
  run(run: Run): Promise<Outcome>;
}

export interface Otlp {
  readonly observe: Observer;
  models(models: Models): Models;
  tools(tools: Tools): Tools;
  sandbox<Run, Outcome extends { readonly ended: string }>(sandbox: TracedSandbox<Run, Outcome>): TracedSandbox<Run, Outcome>;
  readonly dropped: { readonly spans: number; readonly metrics: number };
  families(): readonly MetricFamily[];
  stop(): Promise<void>;
}

/** Sends traces and metrics over OTLP/HTTP, as the variables of OpenTelemetry say. */
export function startOtlp(options: OtlpOptions): Otlp {
  const { environment, sends, version, node, past, metrics, onNote } = options;
  const settings = otlpSettings(environment, { version, node });
  for (const line of settings.notes) onNote(line);
  const exporter = new Exporter({ settings, version, sends, metrics, onNote });
  const tracer = new Tracer({ emit: exporter.take, past, onNote });
  const running = new AsyncLocalStorage<ToolCall>();
  return {
    observe: sends.traces ? tracer.observe : () => undefined,
    models: (models) => ({
      async call(request, more) {
        const reply = await models.call(request, more);
        const actor = parseJournalSubject(request.key.slice(0, request.key.lastIndexOf(':')));
        if (actor !== undefined && reply.usage !== null) tracer.replied(actor, reply.usage);
        return reply;
      },
    }),
    tools: (tools) => ({
      run: (call, more) => running.run(call, () => tools.run(call, more)),
      collect: (scope) => tools.collect(scope),
      release: (scope) => tools.release(scope),
    }),
    sandbox: (sandbox) => ({
      kind: sandbox.kind,
      async run(run) {
        const call = running.getStore();
        const start = Date.now();
        const tell = (ended: string, error?: string): void => {
          if (call !== undefined) exporter.take(sandboxSpan(sandbox.kind, call, start, ended, error));
        };
        try {
          const outcome = await sandbox.run(run);
          tell(outcome.ended);
          return outcome;
        } catch (error) {
          tell('failed', failureOf(error).code);
          throw error;
        }
      },
    }),
    get dropped() {
      return { spans: exporter.dropped.spans + tracer.dropped, metrics: exporter.dropped.metrics };
    },
    families: () => [single('counter', 'flockwork.telemetry.spans', 'Spans that a receiver took.', exporter.sent)],
    stop: () => exporter.stop(),
  };
}

function sandboxSpan(kind: string, { key, ref, scope }: ToolCall, start: number, ended: string, error: string | undefined) {
  const address = parseJournalSubject(key.slice(0, key.lastIndexOf(':'))) ?? { tenant: scope.tenant, root: scope.root, actor: '' };
  const { tenant, root, actor } = address;
  return {
    traceId: traceIdOf(tenant, root),
    spanId: spanIdOf(tenant, root, actor, 'sandbox', key, String(start)),
    parentSpanId: ref === undefined ? spanIdOf(tenant, root, actor) : toolSpanId(address, ref),
    name: `sandbox ${kind}`,
    kind: 'internal',
    start,
    end: Date.now(),
    attributes: {
      [genAi.conversation]: root,
      'flockwork.goal': root,
      'flockwork.tenant': tenant,
      'flockwork.sandbox': kind,
      'flockwork.ended': ended,
      ...(error === undefined ? {} : { [errorType]: error }),
    },
    ...(error === undefined ? {} : { error }),
  } as const;
}
