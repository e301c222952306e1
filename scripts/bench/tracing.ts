import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type BenchNode, startBenchNode } from './bench-node.ts';
import { alternating } from './cost.ts';
import { startModelServer } from './model-server.ts';
import { type BenchResult, median, resultOf } from './result.ts';

const steps = 20;
/** Of one goal: itself, its task, its agent, and for each step a round, a model call and a tool call; the last round has no tool. */
/** A turn is so many goals that their spans fill one batch, as on a node that is at work (OTEL_BSP_MAX_EXPORT_BATCH_SIZE is 512). */
const goalsPerTurn = 8;
const spansPerTurn = goalsPerTurn * (3 + 3 * steps + 2);
const warmTurns = 8;
const turns = 20;
const receiver = fileURLToPath(new URL('./span-receiver.ts', import.meta.url));

/** The step bench on two nodes, turn about: one that sends its spans to a receiver in another process, and one that traces nothing. */
export async function tracing(): Promise<BenchResult[]> {
  const server = await startModelServer();
  const sink = spawn(process.execPath, [receiver], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(createInterface({ input: sink.stdout }), 'line')) as [string];
  // Sent with the last span of a turn: what a batch costs falls into the turn that it is of.
  const env = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
    OTEL_BSP_SCHEDULE_DELAY: '600000',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(spansPerTurn),
  };
  const traced = await startBenchNode({ sync: 'off', baseUrl: server.baseUrl, env });
  const plain = await startBenchNode({ sync: 'off', baseUrl: server.baseUrl });
  try {
    const quota = { maxTicks: steps + 5, maxTokens: 1_000_000_000, maxToolCalls: 100_000 };
    const goal = { goal: 'Take the steps, then answer.', strategy: 'single', model: `openai/steps-${steps}`, quota } as const;
    const turnOf = (node: BenchNode) => async (): Promise<void> => {
      for (let at = 0; at < goalsPerTurn; at++) await node.run(goal);
    };
    const [on, off] = [turnOf(traced), turnOf(plain)];
    await alternating(warmTurns, on, off);
    const costs = await alternating(turns, on, off);
    const cpu = (of: 'ours' | 'bare'): number => median(costs[of].map(({ cpuMs }) => cpuMs));
    return [
      resultOf({
        name: 'tracing, one span',
        figure: ((cpu('ours') - cpu('bare')) * 1_000) / spansPerTurn,
        unit: 'us CPU',
        demand: 30,
        yardstick: { what: 'the same goal without traces, per span it would have had', figure: (cpu('bare') * 1_000) / spansPerTurn },
        runs: turns,
        note: `(traced - plain) / ${spansPerTurn} spans of ${goalsPerTurn} goals with ${steps} tool rounds each, medians of turns; making, queueing, encoding and sending them is in it`,
      }),
    ];
  } finally {
    await traced.close();
    await plain.close();
    await server.close();
    const gone = once(sink, 'exit');
    sink.stdin.end();
    await gone;
  }
}
