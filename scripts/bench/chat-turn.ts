import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type FlockworkClient } from '../../src/client/index.ts';
import { startModelServer } from './model-server.ts';
import { type BenchResult, median, resultOf } from './result.ts';
import { startProcess } from './service.ts';

const warmTurns = 60;
const turns = 200;
/** ms above the model. */
const demanded = 10;
const goal = 'Answer in one word.';
const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** A turn of a chat is a `single` goal: submitted over a warm connection, until its watcher has heard the answer. Service, model and client are processes of their own. */
export async function chatTurn(): Promise<readonly BenchResult[]> {
  const model = await startModelServer();
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-bench-chat-'));
  const env = { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'bench', FLOCKWORK_LOG_LEVEL: 'silent' };
  const service = await startProcess([main, 'start', '--http-port', '0', '--quic-port', '0', '--data-dir', folder, '--model', 'openai/steps-0'], folder, env);
  try {
    const results: BenchResult[] = [];
    for (const name of ['ws', 'quic']) {
      const client = await connect(service.endpoints.get(name) ?? '');
      results.push(await measure(name, client, model.baseUrl));
      await client.close();
    }
    return results;
  } finally {
    await service.stop();
    await model.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(name: string, client: FlockworkClient, baseUrl: string): Promise<BenchResult> {
  const took = { turn: [] as number[], bare: [] as number[] };
  for (let round = 0; round < warmTurns + turns; round++) {
    const turn = await timed(() => converse(client));
    const bare = await timed(() => ask(baseUrl));
    if (round < warmTurns) continue;
    took.turn.push(turn);
    took.bare.push(bare);
  }
  const bare = median(took.bare);
  const sorted = took.turn.toSorted((a, b) => a - b);
  return resultOf({
    name: `a warm chat turn over ${name}, above the model`,
    figure: median(took.turn) - bare,
    unit: 'ms',
    demand: demanded,
    yardstick: { what: 'one bare call of the model', figure: bare },
    runs: turns,
    note: `submit, watch and the last event of the goal, with fsync of every record; p99 of the whole turn ${sorted[Math.floor(sorted.length * 0.99)]?.toFixed(2)} ms`,
  });
}

async function converse(client: FlockworkClient): Promise<void> {
  const { id } = await client.submit({ goal, strategy: 'single' });
  let last = '';
  for await (const item of client.watch(id)) if (item.kind === 'event') last = item.event.type;
  if (last !== 'goal.completed') throw new Error(`goal ${id} ended with ${last}`);
}

async function ask(baseUrl: string): Promise<void> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'steps-0', stream: true, messages: [{ role: 'user', content: goal }] }),
  });
  if (!(await response.text()).includes('[DONE]')) throw new Error(`the model answered ${response.status}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
