import type { NodeParts } from '../../src/index.ts';
import { startBenchNode } from './bench-node.ts';
import { costOf } from './cost.ts';
import { withInstantModel } from './instant-model.ts';
import { type BenchResult, resultOf } from './result.ts';

const items = 10_000;
const warmItems = 1_000;
const atOnce = 16;

/**
 * A map-reduce of 10,000 items on a whole node whose model answers at once: what one journal record costs from end to end, beside the same
 * with a tenth of the items. That the step of the coordinator alone stays flat is what coordinator-events.ts shows.
 */
export async function largeGoal(): Promise<BenchResult[]> {
  const counted = { records: 0, facts: 0 };
  const counting = (parts: NodeParts): NodeParts => {
    const { bus } = withInstantModel(parts);
    const { journal } = bus;
    const append: typeof journal.append = (stream, after, records) => {
      counted.records += records.length;
      for (const record of records) counted.facts += record.split('{"seq":').length - 1;
      return journal.append(stream, after, records);
    };
    const read: typeof journal.read = (pattern, options) => journal.read(pattern, options);
    const follow: typeof journal.follow = (pattern, onEntry) => journal.follow(pattern, onEntry);
    return { ...withInstantModel(parts), bus: { ...bus, journal: { store: journal.store, append, read, follow, head: () => journal.head() } } };
  };
  const bench = await startBenchNode({ sync: 'full', settings: { 'worker.concurrency': atOnce }, wrap: counting });
  const run = async (count: number): Promise<{ records: number; facts: number; cpuMs: number; wallMs: number }> => {
    counted.records = 0;
    counted.facts = 0;
    const inputs = [{ kind: 'items' as const, items: Array.from({ length: count }, (_, index) => `item ${index}`) }];
    const quota = { maxTokens: 1_000_000_000, maxToolCalls: 100_000, maxSeconds: 3_600 };
    const cost = await costOf(() =>
      bench.run({ goal: 'Work on the item.', strategy: { type: 'map-reduce', concurrency: atOnce }, agents: atOnce, inputs, quota }),
    );
    return { ...counted, ...cost };
  };
  try {
    await run(warmItems);
    const small = await run(warmItems);
    const large = await run(items);
    const perRecord = (of: typeof large): number => (of.cpuMs * 1_000) / of.records;
    return [
      resultOf({
        name: `${items} tasks in one goal, whole path`,
        figure: perRecord(large),
        unit: 'µs CPU per journal record',
        yardstick: { what: `the same with ${warmItems} items`, figure: perRecord(small) },
        runs: 1,
        note: `durable, instant model in the process, ${atOnce} agents; ${large.records} records with ${large.facts} facts of coordinator and agents, ${((large.cpuMs * 1_000) / large.facts).toFixed(0)} µs CPU per fact; ${large.wallMs.toFixed(0)} ms wall, ${large.cpuMs.toFixed(0)} ms CPU`,
      }),
    ];
  } finally {
    await bench.close();
  }
}
