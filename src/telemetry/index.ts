/**
 * Telemetry: figures, logs and traces of a node. It sees what actors do through their observations and times what ports do; it changes
 * neither, and nothing it does can hold them up or fail them. What leaves the process (OTLP) is loaded only when the environment asks for it.
 */

export { createLog, type Log } from './logs/log.ts';
export { exposition, expositionType } from './metrics/exposition.ts';
export { type MetricFamily, single } from './metrics/family.ts';
export { PortMetrics } from './metrics/port-metrics.ts';
export { ProcessMetrics } from './metrics/process-metrics.ts';
export { QueueDepths } from './metrics/queue-depths.ts';
export { SwarmMetrics } from './metrics/swarm-metrics.ts';
export type { Otlp, OtlpOptions } from './otlp/start.ts';
export { otlpWanted } from './otlp/wanted.ts';
export type { PastRecord } from './traces/tracer.ts';
