import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareLoop, bareMany } from './bare-loop.ts';
import { bareEcho, bareTools, benchSystem, startBenchNode } from './bench-node.ts';
import { alternating, type Cost } from './cost.ts';
import { startModelServer } from './model-server.ts';
import { type BenchResult, median, resultOf } from './result.ts';

const items = 200;
const atOnce = 16;
const fanIn = 64;
const warmRounds = 4;
const rounds = 9;
/** The layers of the tree above the items. */
const layers = [Math.ceil(items / fanIn), 1];
const modelCalls = items * 2 + layers.reduce((sum, width) => sum + width, 0);
const prompt = 'Work on the item.';

/** Reduce tasks have no tools: they are told apart by their role, and answer at once. */
const rules = [
  { when: { role: 'reduce', model: '-l50$' }, reply: { text: 'merged', latencyMs: 50 } },
  { when: { role: 'reduce' }, reply: { text: 'merged' } },
];

/** 200 sub-tasks (a tool call and an answer each), 16 at once, merged up a tree; durable, beside the same calls on bare fetch. */
export async function mapReduce(): Promise<BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-bench-'));
  const script = join(folder, 'rules.json');
  await writeFile(script, JSON.stringify(rules));
  const server = await startModelServer({ script });
  const bench = await startBenchNode({ sync: 'full', baseUrl: server.baseUrl, settings: { 'worker.concurrency': atOnce } });
  try {
    const inputs = [{ kind: 'items' as const, items: Array.from({ length: items }, (_, index) => `item ${index}`) }];
    const quota = { maxTokens: 1_000_000_000, maxToolCalls: 100_000 };
    const ours = (model: string) => (): Promise<void> =>
      bench.run({ goal: prompt, strategy: { type: 'map-reduce', concurrency: atOnce, fanIn }, agents: atOnce, inputs, model: `openai/${model}`, quota });
    const bare = (model: string) => (): Promise<void> => bareTree(server.baseUrl, model);

    const fast = await measured(ours('steps-1'), bare('steps-1'));
    const slow = await measured(ours('steps-1-l50'), bare('steps-1-l50'));
    const shape = `${items} items, ${atOnce} at once, ${modelCalls} model calls, fan-in ${fanIn}, journal.sync = "full"`;
    return [
      resultOf({
        name: 'map-reduce, 50 ms model',
        figure: slow.ours.wallMs / slow.bare.wallMs,
        unit: 'x the bare loop',
        demand: 1.1,
        yardstick: { what: 'the bare loop, ms wall', figure: slow.bare.wallMs },
        runs: rounds,
        note: `${shape}; ours ${slow.ours.wallMs.toFixed(0)} ms wall, ${slow.ours.cpuMs.toFixed(0)} ms CPU; bare ${slow.bare.cpuMs.toFixed(0)} ms CPU`,
      }),
      resultOf({
        name: 'map-reduce, 0 ms model',
        figure: fast.ours.wallMs,
        unit: 'ms wall',
        demand: 300,
        yardstick: { what: 'the bare loop', figure: fast.bare.wallMs },
        runs: rounds,
        note: `${shape}; ours ${fast.ours.cpuMs.toFixed(0)} ms CPU; bare ${fast.bare.cpuMs.toFixed(0)} ms CPU`,
      }),
    ];
  } finally {
    await bench.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
}

async function measured(ours: () => Promise<unknown>, bare: () => Promise<unknown>): Promise<{ ours: Cost; bare: Cost }> {
  await alternating(warmRounds, ours, bare);
  const costs = await alternating(rounds, ours, bare);
  const middle = (of: readonly Cost[]): Cost => ({ wallMs: median(of.map(({ wallMs }) => wallMs)), cpuMs: median(of.map(({ cpuMs }) => cpuMs)) });
  return { ours: middle(costs.ours), bare: middle(costs.bare) };
}

async function bareTree(baseUrl: string, model: string): Promise<void> {
  const work = (role: string, text: string, tools: readonly unknown[]): Promise<string> =>
    bareLoop({ baseUrl, model, system: `${benchSystem}\nRole: ${role}`, prompt: `${prompt}\n\n${text}`, tools, run: bareEcho });
  await bareMany(items, atOnce, (index) => work('map', `item ${index}`, bareTools));
  for (const width of layers) await bareMany(width, atOnce, () => work('reduce', 'done\n'.repeat(fanIn), []));
}
