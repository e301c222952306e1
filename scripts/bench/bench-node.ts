import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { GoalSubmission } from '../../protocols/goals/goal.ts';
import { defineTool, type FlockworkNode, loadConfig, type NodeParts, startNode, type Tool } from '../../src/index.ts';

/** The one tool of the benches: safe to repeat, may run beside others, changes nothing. */
export const echoTool: Tool = defineTool({
  name: 'bench.echo',
  description: 'Answers with the text that it is given.',
  input: z.object({ text: z.string() }),
  repeatable: true,
  parallel: true,
  writes: false,
  run: ({ text }) => Promise.resolve(`echo of ${text}`),
});

/** The same tool as a bare loop sends and runs it. */
export const bareTools: readonly unknown[] = [
  { type: 'function', function: { name: 'bench_echo', description: echoTool.spec.description, parameters: echoTool.spec.parameters } },
];
export const bareEcho = (input: unknown): Promise<string> => Promise.resolve(`echo of ${(input as { text: string }).text}`);

export const benchSystem = 'You are an agent of a bench. Use the tool, then answer.';

export interface BenchNode {
  readonly node: FlockworkNode;
  readonly folder: string;
  /** Submits a goal and waits for its end, which it hears of where every actor's steps are observed: no watcher is at work. Throws when the goal does not complete. */
  run(submission: GoalSubmission, expected?: 'completed' | 'paused'): Promise<void>;
  /** Waits for the end of a goal that was submitted otherwise; answers its state. */
  ended(goalId: string): Promise<string>;
  /** Cells in memory, as the metrics of a listening node tell. */
  openCells(): Promise<number>;
  close(): Promise<void>;
}

export interface BenchNodeOptions {
  readonly sync: 'full' | 'off';
  readonly baseUrl?: string;
  /** Tools of the profile; default the echo tool. */
  readonly tools?: readonly string[];
  readonly listen?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly wrap?: (parts: NodeParts) => NodeParts;
  /** Default: none at all. */
  readonly env?: Readonly<Record<string, string>>;
}

const ended: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'paused']);

/** A whole node on a folder of its own, as an embedding program starts it. */
export async function startBenchNode({
  sync,
  baseUrl = '',
  tools = ['bench.echo'],
  listen = false,
  settings = {},
  wrap,
  env = {},
}: BenchNodeOptions): Promise<BenchNode> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-bench-'));
  const file = join(folder, 'flockwork.toml');
  await writeFile(file, `[profiles.bench]\nsystem = ${JSON.stringify(benchSystem)}\ntools = ${JSON.stringify(tools)}\n`);
  const values: Record<string, unknown> = {
    'data.dir': join(folder, 'data'),
    'journal.sync': sync,
    'http.port': 0,
    'quic.enabled': 'off',
    'openai.baseUrl': baseUrl,
    'log.level': 'silent',
    ...settings,
  };
  const flags = Object.entries(values).map(([path, value]) => ({ path, value, flag: `--${path}` }));
  const config = await loadConfig({ cwd: folder, env, file, flags });
  const ends = new Map<string, string>();
  const waiting = new Map<string, (state: string) => void>();
  const node = await startNode({
    config,
    roles: ['gateway', 'coordinator', 'worker'],
    listen,
    tools: [echoTool],
    ...(wrap === undefined ? {} : { wrap }),
    observe({ machine, actor, state }) {
      if (machine !== 'coordinator' || !ended.has(state)) return;
      const wake = waiting.get(actor.root);
      if (wake === undefined) ends.set(actor.root, state);
      else wake(state);
    },
  });
  const client = node.client();
  const hear = async (goalId: string): Promise<string> => {
    const state = ends.get(goalId) ?? (await new Promise<string>((resolve) => waiting.set(goalId, resolve)));
    waiting.delete(goalId);
    ends.delete(goalId);
    return state;
  };
  return {
    node,
    folder,
    ended: hear,
    async run(submission, expected = 'completed') {
      const { id } = await client.submit({ profile: 'bench', ...submission });
      const state = await hear(id);
      if (state !== expected) throw new Error(`goal ${id} is ${state}: ${JSON.stringify((await client.get(id)).error)}`);
    },
    async openCells() {
      const http = node.endpoints.find(({ name }) => name === 'http')?.address;
      if (http === undefined) throw new Error('only a node that listens tells its metrics');
      const metrics = await (await fetch(new URL('/metrics', http))).text();
      return Number(/^flockwork_cells_open (\d+)$/m.exec(metrics)?.[1]);
    },
    async close() {
      await node.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
