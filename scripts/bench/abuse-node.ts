/** The other process of the bench `abuse`: a whole node with all roles, and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startNode } from '../../src/index.ts';

export interface NodeAddresses {
  readonly http: string;
  readonly ws: string;
  readonly quic: string;
}

/** Bytes that the process holds after a collection. */
export interface Held {
  readonly rss: number;
  readonly heap: number;
}

const folder = mkdtempSync(join(tmpdir(), 'flockwork-abuse-'));
process.once('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});

const settings = { 'data.dir': join(folder, 'data'), 'http.port': 0, 'quic.port': 0, 'model.name': 'offline' };
const flags = Object.entries(settings).map(([path, value]) => ({ path, value, flag: `--${path}` }));
const node = await startNode({ config: await loadConfig({ cwd: folder, env: {}, flags }), roles: ['gateway', 'coordinator', 'worker'], listen: true });
const at = (name: string): string => node.endpoints.find((endpoint) => endpoint.name === name)?.address ?? '';

process.on('message', () => {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, heap: heapUsed + external } satisfies Held);
});
process.send?.({ http: at('http'), ws: at('ws'), quic: at('quic') } satisfies NodeAddresses);
