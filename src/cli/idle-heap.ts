import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often the heap is looked at, in milliseconds. */
export const idleCheckMs = 5_000;
/** A process counts as idle while its event loop was busy for less of that time. */
export const idleUtilizationMax = 0.1;
/** Below this a heap is left alone, in bytes. */
export const idleHeapBytesMin = 64 * 1_024 * 1_024;
/** Collected when it is so many times what the last collection left. */
export const idleHeapGrowthMin = 1.5;

/** What is looked at and done; in a test something else. */
export interface HeapView {
  /** Share of the time since the last call in which the event loop was busy, 0 to 1. */
  readonly utilization: () => number;
  readonly usedBytes: () => number;
  readonly collect: () => void;
}

/**
 * Gives memory back while a service is idle. V8 collects its old generation when it needs room; a service that took in ten thousand goals
 * and let their cells go needs none, and would keep hundreds of megabytes of garbage until the next burst. Answers how to stop.
 */
export function giveBackWhenIdle(view: HeapView = processHeap(), checkMs = idleCheckMs): () => void {
  let left = 0;
  const timer = setInterval(() => {
    const busy = view.utilization() >= idleUtilizationMax;
    const used = view.usedBytes();
    if (busy || used < idleHeapBytesMin || used < left * idleHeapGrowthMin) return;
    view.collect();
    left = view.usedBytes();
  }, checkMs);
  timer.unref();
  return () => clearInterval(timer);
}

function processHeap(): HeapView {
  let before = performance.eventLoopUtilization();
  return {
    utilization() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    usedBytes: () => getHeapStatistics().used_heap_size,
    collect() {
      // The only way to V8's collector in a process that was not started with it.
      setFlagsFromString('--expose-gc');
      const collect: () => void = runInNewContext('gc');
      collect();
      setFlagsFromString('--no-expose-gc');
    },
  };
}
