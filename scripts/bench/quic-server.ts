/** The other process of the bench `quic`: `node` is a whole node, `bare` echoes over libp2p, QUIC and TCP, and over ws, and does nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nothingBefore } from '../../actors/ports/index.ts';
import { formatRecord } from '../../protocols/journal/record.ts';
import { journalPattern, journalSubject } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import type { NodeRole } from '../../src/config/index.ts';
import { loadConfig, type NodeParts, startNode } from '../../src/index.ts';
import { startBareEcho } from './quic-echo.ts';

export interface ServerAddresses {
  readonly quic: string;
  readonly tcp: string;
  readonly ws: string;
}

/** What the parent may ask; the answer is a figure. `firstRecord`: bytes of the first record in the node's journal; `append`: ms for a first record of that size. */
export type ServerRequest = { readonly ask: 'rss' } | { readonly ask: 'firstRecord' } | { readonly ask: 'append'; readonly bytes: number };

const [kind, roles = 'gateway'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'flockwork-bench-quic-'));
process.once('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});

async function serveNode(): Promise<{ readonly addresses: ServerAddresses; readonly firstRecord: () => Promise<number> }> {
  const settings = { 'data.dir': join(folder, 'data'), 'http.port': 0, 'quic.port': 0, 'tcp.port': 0, 'model.name': 'offline' };
  const flags = Object.entries(settings).map(([path, value]) => ({ path, value, flag: `--${path}` }));
  let journal: NodeParts['bus']['journal'] | undefined;
  const node = await startNode({
    config: await loadConfig({ cwd: folder, env: {}, flags }),
    roles: roles.split(',') as NodeRole[],
    listen: true,
    wrap: (parts) => {
      ({ journal } = parts.bus);
      return parts;
    },
  });
  const at = (name: string): string => node.endpoints.find((endpoint) => endpoint.name === name)?.address ?? '';
  const firstRecord = async (): Promise<number> => {
    if (journal !== undefined) for await (const { records } of journal.read(journalPattern, { limit: 1 })) return Buffer.byteLength(records[0] ?? '');
    throw new Error('the node has no journal yet');
  };
  return { addresses: { quic: at('quic'), tcp: at('tcp'), ws: at('ws') }, firstRecord };
}

/** One append that begins a journal of its own, as accepting a goal does, in milliseconds. */
async function appender(): Promise<(bytes: number) => Promise<number>> {
  const bus = await openEmbeddedBus({ folder: join(folder, 'bare'), projector: { name: 'none', version: 1, project: () => [] }, sync: 'full' });
  const [hash, salt] = ['0'.repeat(64), '0'.repeat(32)];
  const empty = Buffer.byteLength(formatRecord(hash, salt, JSON.stringify({ n: 1, at: 1, v: 1, input: { text: '' }, facts: [] })));
  let goals = 0;
  return async (bytes) => {
    const stream = journalSubject({ tenant: 'default', root: `bench-${++goals}`, actor: 'coordinator' });
    const line = formatRecord(hash, salt, JSON.stringify({ n: 1, at: 1, v: 1, input: { text: 'x'.repeat(Math.max(0, bytes - empty)) }, facts: [] }));
    const began = performance.now();
    await bus.journal.append(stream, nothingBefore, [line]);
    return performance.now() - began;
  };
}

async function answer(request: ServerRequest): Promise<number> {
  if (request.ask === 'append' && append !== undefined) return append(request.bytes);
  if (request.ask === 'firstRecord' && served !== undefined) return served.firstRecord();
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

const append = kind === 'node' ? undefined : await appender();
const served = kind === 'node' ? await serveNode() : undefined;
const addresses = served?.addresses ?? (await startBareEcho());
process.on('message', (request: ServerRequest) => void answer(request).then((figure) => process.send?.(figure)));
process.send?.(addresses);
