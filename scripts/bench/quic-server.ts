/** The other process of the bench `quic`: `node` is a whole node, `bare` echoes over libp2p QUIC and over ws and does nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nothingBefore } from '../../actors/ports/index.ts';
import { formatRecord } from '../../protocols/journal/record.ts';
import { journalSubject } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import type { NodeRole } from '../../src/config/index.ts';
import { loadConfig, startNode } from '../../src/index.ts';
import { startBareEcho } from './quic-echo.ts';

/** As large as the first record of a small goal. */
const recordBytes = 1_500;

export interface ServerAddresses {
  readonly quic: string;
  readonly ws: string;
}

/** What the parent may ask; the answer is a figure. */
export type ServerRequest = { readonly ask: 'rss' } | { readonly ask: 'append' };

const [kind, roles = 'gateway'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'flockwork-bench-quic-'));
process.once('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});

async function serveNode(): Promise<ServerAddresses> {
  const settings = { 'data.dir': join(folder, 'data'), 'http.port': 0, 'quic.port': 0, 'model.name': 'offline' };
  const flags = Object.entries(settings).map(([path, value]) => ({ path, value, flag: `--${path}` }));
  const node = await startNode({ config: await loadConfig({ cwd: folder, env: {}, flags }), roles: roles.split(',') as NodeRole[], listen: true });
  const at = (name: string): string => node.endpoints.find((endpoint) => endpoint.name === name)?.address ?? '';
  return { quic: at('quic'), ws: at('ws') };
}

/** One append on a journal of its own, in milliseconds. */
async function appender(): Promise<() => Promise<number>> {
  const bus = await openEmbeddedBus({ folder: join(folder, 'bare'), projector: { name: 'none', version: 1, project: () => [] }, sync: 'full' });
  const stream = journalSubject({ tenant: 'default', root: 'bench', actor: 'coordinator' });
  let position = nothingBefore;
  let n = 0;
  return async () => {
    const line = formatRecord('0'.repeat(64), '0'.repeat(32), JSON.stringify({ n: ++n, at: n, v: 1, input: { text: 'x'.repeat(recordBytes) }, facts: [] }));
    const began = performance.now();
    position = await bus.journal.append(stream, position, [line]);
    return performance.now() - began;
  };
}

const append = kind === 'node' ? undefined : await appender();
const addresses = kind === 'node' ? await serveNode() : await startBareEcho();
process.on('message', ({ ask }: ServerRequest) => {
  if (ask === 'rss') {
    globalThis.gc?.();
    process.send?.(process.memoryUsage.rss());
  } else void append?.().then((ms) => process.send?.(ms));
});
process.send?.(addresses);
