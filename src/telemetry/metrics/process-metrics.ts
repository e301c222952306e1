import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type MetricFamily, single } from './family.ts';

/** How precisely the delay of the event loop is measured. Milliseconds. */
const delayResolutionMs = 20;

/** This process: memory, CPU, and how long its event loop keeps others waiting. */
export class ProcessMetrics {
  readonly #delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  readonly #startedAt = Date.now() - process.uptime() * 1_000;

  constructor() {
    this.#delay.enable();
  }

  /** The delay is that since the last call. */
  families(): readonly MetricFamily[] {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const [p50, p99] = [50, 99].map((percent) => Math.max(0, this.#delay.percentile(percent) / 1e9 - delayResolutionMs / 1_000));
    this.#delay.reset();
    return [
      single('gauge', 'flockwork.process.resident', 'Resident memory of the process.', rss, 'By'),
      single('gauge', 'flockwork.process.heap', 'Heap in use.', heapUsed, 'By'),
      single('counter', 'flockwork.process.cpu', 'CPU time, user and system.', (user + system) / 1e6, 's'),
      single('gauge', 'flockwork.process.start.time', 'When the process started, since 1970.', this.#startedAt / 1_000, 's'),
      {
        kind: 'gauge',
        name: 'flockwork.process.loop.delay',
        help: 'How late the event loop was since the last scrape.',
        unit: 's',
        samples: [
          { labels: { percentile: '50' }, value: finite(p50) },
          { labels: { percentile: '99' }, value: finite(p99) },
        ],
      },
    ];
  }

  stop(): void {
    this.#delay.disable();
  }
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}
