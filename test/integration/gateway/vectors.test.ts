import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { FrameDecoder } from '../../../protocols/wire/frame.ts';
import { root } from '../../../scripts/checks/run.ts';
import { type FlockworkNode, loadConfig, startNode } from '../../../src/index.ts';
import { describeQuic } from '../quic/native.ts';
import { Libp2pPeer } from '../quic/quic-peer.ts';
import { until } from './fixture.ts';
import { RpcPeer } from './rpc-peer.ts';

const page = readFileSync(join(root, 'docs/wire.md'), 'utf8');
const block = (name: string): readonly string[] => (new RegExp(`\`\`\`text ${name}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '').trimEnd().split('\n');

interface StreamVector {
  readonly name: string;
  readonly pieces: string[];
  readonly outcome: string[];
}

/** A name, then its pieces and outcomes; a piece after an outcome begins another stream under the same name. */
function streamVectors(): readonly StreamVector[] {
  const vectors: StreamVector[] = [];
  let name = '';
  for (const line of block('streams')) {
    const last = vectors.at(-1);
    if (/^\S/.test(line)) {
      name = line;
      vectors.push({ name, pieces: [], outcome: [] });
    } else if (line.startsWith('  ->')) last?.outcome.push(line.slice(5));
    else if (last !== undefined && last.outcome.length === 0) last.pieces.push(line.trim());
    else vectors.push({ name, pieces: [line.trim()], outcome: [] });
  }
  return vectors;
}

function decoded(pieces: readonly string[]): readonly string[] {
  const decoder = new FrameDecoder();
  const seen: string[] = [];
  try {
    for (const piece of pieces) for (const body of decoder.push(Buffer.from(piece, 'hex'))) seen.push(new TextDecoder().decode(body));
  } catch (error) {
    return [...seen, `end: ${error instanceof FlockworkError ? error.code : String(error)}`];
  }
  return [...seen, `end: ${decoder.pending ? 'frame_truncated' : 'clean'}`];
}

describe('the streams of docs/wire.md', () => {
  const vectors = streamVectors();
  test('are there', () => expect(vectors.length).toBeGreaterThan(6));
  test.each(vectors)('$name', ({ pieces, outcome }) => expect(decoded(pieces)).toEqual(outcome));
});

interface Step {
  readonly sent: string;
  readonly answers: unknown[];
}

function exchange(): readonly Step[] {
  const steps: Step[] = [];
  for (const line of block('exchange')) {
    if (line.startsWith('> ')) steps.push({ sent: line.slice(2), answers: [] });
    else steps.at(-1)?.answers.push(JSON.parse(line.slice(2)));
  }
  return steps;
}

/** The vector with its wildcards replaced, so that what is left must be equal. */
function matcher(value: unknown): unknown {
  if (value === '…') return expect.anything();
  if (Array.isArray(value)) return value.map(matcher);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, matcher(inner)]));
}

interface RawPeer {
  readonly messages: readonly unknown[];
  send(text: string): void;
}

async function play(peer: RawPeer): Promise<void> {
  let seen = 0;
  for (const { sent, answers } of exchange()) {
    peer.send(sent);
    seen += answers.length;
    if (answers.length === 0) continue;
    await until(`${sent} is answered`, () => peer.messages.length >= seen);
    expect(peer.messages.slice(seen - answers.length), sent).toEqual(answers.map(matcher));
  }
  // The last step asks for an answer, so what was sent before it has had its time.
  expect(peer.messages.length).toBe(seen);
}

let node: FlockworkNode;
let folder: string;
const address = (name: string): string => node.endpoints.find((endpoint) => endpoint.name === name)?.address ?? '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flockwork-vectors-'));
  const settings = { 'data.dir': folder, 'model.name': 'offline', 'http.port': 0, 'quic.port': 0, 'quic.enabled': 'auto' };
  const flags = Object.entries(settings).map(([path, value]) => ({ flag: `--${path}`, path, value }));
  node = await startNode({ config: await loadConfig({ cwd: folder, env: {}, flags }), roles: ['gateway'], listen: true });
});
afterAll(async () => {
  await node.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the exchange of docs/wire.md', () => {
  test('is there', () => expect(exchange().length).toBeGreaterThan(15));

  test('is what a node says over WebSocket', async () => {
    const peer = await RpcPeer.connect(address('ws'));
    await play({ messages: peer.messages, send: (text) => peer.send(text) });
    await peer.close();
  });
});

describeQuic('the exchange of docs/wire.md over QUIC', () => {
  test('is what a node says', async () => {
    const libp2p = await Libp2pPeer.dial(address('quic'));
    try {
      const peer = await libp2p.open();
      const frame = (text: string): Uint8Array => {
        const body = Buffer.from(text, 'utf8');
        const header = Buffer.alloc(4);
        header.writeUInt32BE(body.length);
        return Buffer.concat([header, body]);
      };
      await play({ messages: peer.messages, send: (text) => peer.bytes(frame(text)) });
    } finally {
      await libp2p.stop();
    }
  });
});
