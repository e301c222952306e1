import { bareLoop } from './bare-loop.ts';
import { bareEcho, bareTools, benchSystem, startBenchNode } from './bench-node.ts';
import { alternating, type Cost } from './cost.ts';
import { startModelServer } from './model-server.ts';
import { type BenchResult, median, resultOf } from './result.ts';

const steps = 20;
const callsPerRun = steps + 1;
/** The node has much more code than a loop, and is measured as a service that has been up for some seconds: compiled. */
const warmRounds = 60;
const rounds = 30;
const prompt = 'Take the steps, then answer.';

interface Variant {
  readonly name: string;
  readonly sync: 'full' | 'off';
  readonly model: string;
  readonly toolCallsPerStep: number;
  readonly unit: 'ms CPU' | 'ms wall';
  readonly demand: number;
}

const variants: readonly Variant[] = [
  { name: 'step overhead, sync off', sync: 'off', model: `steps-${steps}`, toolCallsPerStep: 1, unit: 'ms CPU', demand: 0.35 },
  { name: 'step overhead, fsync, one safe tool', sync: 'full', model: `steps-${steps}`, toolCallsPerStep: 1, unit: 'ms wall', demand: 1 },
  { name: 'step overhead, fsync, eight parallel tools', sync: 'full', model: `steps-${steps}-x8`, toolCallsPerStep: 8, unit: 'ms wall', demand: 1.6 },
];

/** A think-act step of a whole node above the same step of a bare fetch loop: 20 tool rounds and an answer, per model call. */
export async function stepOverhead(): Promise<BenchResult[]> {
  const server = await startModelServer();
  try {
    const results: BenchResult[] = [];
    for (const variant of variants) results.push(await measure(variant, server.baseUrl));
    return results;
  } finally {
    await server.close();
  }
}

async function measure({ name, sync, model, toolCallsPerStep, unit, demand }: Variant, baseUrl: string): Promise<BenchResult> {
  const bench = await startBenchNode({ sync, baseUrl });
  const quota = { maxTicks: steps + 5, maxTokens: 1_000_000_000, maxToolCalls: 100_000 };
  const ours = (): Promise<void> => bench.run({ goal: prompt, strategy: 'single', model: `openai/${model}`, quota });
  const bare = (): Promise<string> => bareLoop({ baseUrl, model, system: `${benchSystem}\nRole: single`, prompt, tools: bareTools, run: bareEcho });
  try {
    await alternating(warmRounds, ours, bare);
    const costs = await alternating(rounds, ours, bare);
    const perCall = (of: readonly Cost[], kind: 'wallMs' | 'cpuMs'): number => median(of.map((cost) => cost[kind])) / callsPerRun;
    const above = { cpuMs: perCall(costs.ours, 'cpuMs') - perCall(costs.bare, 'cpuMs'), wallMs: perCall(costs.ours, 'wallMs') - perCall(costs.bare, 'wallMs') };
    const main = unit === 'ms CPU' ? 'cpuMs' : 'wallMs';
    const other = unit === 'ms CPU' ? `${above.wallMs.toFixed(3)} ms wall` : `${above.cpuMs.toFixed(3)} ms CPU`;
    return resultOf({
      name,
      figure: above[main],
      unit,
      demand,
      yardstick: { what: 'one call of the bare loop', figure: perCall(costs.bare, main) },
      runs: rounds,
      note: `(ours - bare) / ${callsPerRun} model calls, medians, alternating order; ${toolCallsPerStep} tool call(s) a step; the same by the other clock: ${other}; accepting, coordinating and ending the goal are in it`,
    });
  } finally {
    await bench.close();
  }
}
