import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/index.ts';
import { type FlockworkNode, type NodeOptions, startNode } from '../../../src/node/index.ts';
import { type MockModel, type MockScript, startMockModel } from '../../../src/testing/mock-model/index.ts';

export interface TestNode {
  readonly model: MockModel;
  node(): FlockworkNode;
  /** Stops the node and starts another on the same folder. */
  restart(): Promise<FlockworkNode>;
  close(): Promise<void>;
}

export interface TestNodeOptions {
  readonly script: MockScript;
  readonly tools?: NodeOptions['tools'];
  /** Configuration keys by path. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly observe?: NodeOptions['observe'];
}

/** A whole node inside this process, without ports, beside a scripted model server. */
export async function startTestNode(options: TestNodeOptions): Promise<TestNode> {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-node-'));
  const model = await startMockModel({ script: options.script });
  const settings = { 'data.dir': join(folder, 'data'), 'model.name': 'openai/scripted', 'journal.sync': 'off', ...options.settings };
  const start = async (): Promise<FlockworkNode> => {
    const config = await loadConfig({
      cwd: folder,
      env: { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'scripted', ANTHROPIC_BASE_URL: model.url },
      flags: Object.entries(settings).map(([path, value]) => ({ flag: `--${path}`, path, value })),
    });
    const { tools, observe } = options;
    return startNode({
      config,
      roles: ['gateway', 'coordinator', 'worker'],
      listen: false,
      ...(tools === undefined ? {} : { tools }),
      ...(observe === undefined ? {} : { observe }),
    });
  };
  let node: FlockworkNode;
  try {
    node = await start();
  } catch (error) {
    await model.close();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    model,
    node: () => node,
    async restart() {
      await node.stop();
      node = await start();
      return node;
    },
    async close() {
      await node.stop();
      await model.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Polls until `probe` answers something; the bound is there for a test that would hang. */
export async function until<Value>(probe: () => Promise<Value | undefined>, maxMs = 20_000): Promise<Value> {
  const deadline = Date.now() + maxMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`nothing came within ${maxMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
