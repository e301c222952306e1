import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Observation } from '../../actors/ports/observer.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { type GatewayAuth, type GatewayHost, startGateway } from '../../src/gateway/index.ts';
import { createInspector, type Inspector, type InspectorOptions } from '../../src/inspector/index.ts';

export interface InspectorGateway {
  readonly address: string;
  readonly inspector: Inspector;
  /** Characters of all frames so far. */
  sent(): number;
  /** Unread bytes of the page that is furthest behind. */
  buffered(): number;
  close(): Promise<void>;
}

export interface InspectorGatewayOptions {
  readonly auth?: GatewayAuth;
  readonly bounds?: NonNullable<InspectorOptions['bounds']>;
}

const emptyPage = { items: [], next: null };

/** A real gateway with a real inspector, whose actors are made up: no goal runs behind it. */
export async function startInspectorGateway({ auth, bounds = {} }: InspectorGatewayOptions = {}): Promise<InspectorGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-inspector-'));
  const bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] }, sync: 'off' });
  const inspector = createInspector({ bounds });
  const outs = new Set<{ readonly bufferedBytes: number }>();
  let characters = 0;
  const counted: Pick<Inspector, 'files' | 'connect'> = {
    files: inspector.files,
    connect(tenant, out, options) {
      outs.add(out);
      const counting = {
        get bufferedBytes(): number {
          return out.bufferedBytes;
        },
        send(text: string): void {
          characters += text.length;
          out.send(text);
        },
      };
      return inspector.connect(tenant, counting, options);
    },
  };
  // The rest of a node is not there: nobody asks for it.
  const host = {
    nodeId: 'flock-a',
    version: '0.0.0',
    list: async () => emptyPage,
    approvals: async () => [],
    nodes: async () => [],
    notReady: () => [],
    metrics: async () => [],
  } as unknown as GatewayHost;
  const gateway = await startGateway({
    host,
    bus,
    auth: auth ?? { mode: 'loopback', tenant: 'default' },
    bind: { host: '127.0.0.1', httpPort: 0 },
    inspector: counted,
  });
  return {
    address: `${gateway.httpUrl.replace(/\/$/, '')}/`,
    inspector,
    sent: () => characters,
    buffered: () => Math.max(0, ...[...outs].map(({ bufferedBytes }) => bufferedBytes)),
    async close() {
      await gateway.stop();
      await inspector.stop();
      await bus.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const agentsPerGoal = 100;
const turns: readonly (readonly [event: string, state: string, facts: readonly Omit<Fact, 'seq'>[]])[] = [
  [
    'model.replied',
    'acting',
    [
      { type: 'model.replied', data: { call: 'c1', tokens: 900, costMicroUsd: 40 } },
      { type: 'tool.requested', data: { call: 'c1.0', name: 'fs.read' } },
    ],
  ],
  [
    'tool.completed',
    'thinking',
    [
      { type: 'tool.completed', data: { call: 'c1.0', name: 'fs.read', ok: true } },
      { type: 'model.called', data: { call: 'c1', model: 'x/y' } },
    ],
  ],
];

/** Observations of so many agents at work, one after the other, for ever. */
export function* madeSteps(actors: number): Generator<Observation, never> {
  const context = { task: 't1', attempt: 1, ticks: 3, tokens: 12_000, toolCalls: 4, tries: 0, model: 'x/y' };
  for (let seq = 1; ; seq++) {
    for (let actor = 0; actor < actors; actor++) {
      const [event = '', state = '', facts = []] = turns[(seq + actor) % turns.length] ?? [];
      const address = { tenant: 'default', root: `g-${Math.floor(actor / agentsPerGoal)}`, actor: `agent-t${actor % agentsPerGoal}-1` };
      yield {
        actor: address,
        parent: 'coordinator',
        machine: 'agent',
        seq,
        at: Date.now(),
        facts: facts.map(({ type, data }, index) => ({ seq: seq * 2 + index, type, data })),
        event,
        state,
        context,
        mailboxDepth: 0,
        restarts: 0,
      };
    }
  }
}
