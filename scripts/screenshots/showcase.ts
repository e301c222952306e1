import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../../src/config/index.ts';
import { type FlockworkNode, startNode } from '../../src/node/index.ts';
import { type MockScript, startMockModel } from '../../src/testing/mock-model/index.ts';
import { defineTool, type Tool } from '../../src/tools/index.ts';

export interface Showcase {
  node(): FlockworkNode;
  readonly address: string;
  /** Stops the node, and starts another on the same folder and port. */
  restart(whileDown?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface ShowcaseOptions {
  readonly script: MockScript;
  readonly tools?: readonly Tool[];
  readonly settings?: Readonly<Record<string, unknown>>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

/** A real node with a scripted model behind it, for looking at its page. */
export async function startShowcase({ script, tools = [], settings = {} }: ShowcaseOptions): Promise<Showcase> {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-page-'));
  writeFileSync(join(folder, 'flockwork.toml'), '[prices."openai/gpt-6-luna"]\ninput = 2.5\noutput = 10\n');
  const model = await startMockModel({ script });
  const port = await freePort();
  const all = {
    'data.dir': join(folder, 'data'),
    'model.name': 'openai/gpt-6-luna',
    'journal.sync': 'off',
    'node.id': 'flock-a',
    'http.port': port,
    'quic.enabled': 'off',
    'tools.sandbox': 'none',
    ...settings,
  };
  const start = async (): Promise<FlockworkNode> => {
    const config = await loadConfig({
      cwd: folder,
      env: { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'scripted' },
      flags: Object.entries(all).map(([path, value]) => ({ flag: `--${path}`, path, value })),
    });
    return startNode({ config, roles: ['gateway', 'coordinator', 'worker'], listen: true, tools });
  };
  let node = await start();
  return {
    node: () => node,
    address: `http://127.0.0.1:${port}/`,
    async restart(whileDown) {
      await node.stop();
      await whileDown?.();
      node = await start();
    },
    async close() {
      await node.stop();
      await model.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A tool that somebody must approve. */
export const publishTool: Tool = defineTool({
  name: 'report.publish',
  description: 'Publishes the report.',
  input: z.strictObject({ to: z.string() }),
  asks: true,
  run: async ({ to }) => `published to ${to}`,
});

/** A tool that takes its time. */
export const lookTool: Tool = defineTool({
  name: 'source.look',
  description: 'Looks a source up.',
  input: z.strictObject({ at: z.string(), ms: z.number() }),
  run: async ({ at, ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return `${at}: two calls without a deadline`;
  },
});
