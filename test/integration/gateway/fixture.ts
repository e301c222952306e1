import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus, Position, Projector } from '../../../actors/ports/index.ts';
import { nothingBefore } from '../../../actors/ports/index.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type Artifact, type GoalSubmission, type GoalView, isEnded } from '../../../protocols/goals/goal.ts';
import type { FactType } from '../../../protocols/journal/facts.ts';
import { formatRecord } from '../../../protocols/journal/record.ts';
import { journalSubject, liveSubject } from '../../../protocols/subjects.ts';
import type { MemoryPage, MemoryValue } from '../../../protocols/wire/results.ts';
import { openEmbeddedBus } from '../../../src/bus/embedded/index.ts';
import { type Gateway, type GatewayAuth, type GatewayHost, type GatewayLimits, startGateway, type WebSocketEngineOptions } from '../../../src/gateway/index.ts';
import { single } from '../../../src/telemetry/index.ts';

const projector: Projector = { name: 'none', version: 1, project: () => [] };

/** Writes facts as actors do: one stream per actor, `seq` without a gap, several records in one append. */
export class FactWriter {
  readonly #bus: Pick<Bus, 'journal' | 'pubsub'>;
  readonly #tenant: string;
  readonly #streams = new Map<string, { position: Position; n: number; seq: number }>();

  constructor(bus: Pick<Bus, 'journal' | 'pubsub'>, tenant = 'default') {
    this.#bus = bus;
    this.#tenant = tenant;
  }

  /** One append; each element of `records` is one record with its facts. */
  async write(root: string, actor: string, ...records: readonly (readonly [FactType, Record<string, unknown>?][])[]): Promise<void> {
    const stream = journalSubject({ tenant: this.#tenant, root, actor });
    const state = this.#streams.get(stream) ?? { position: nothingBefore, n: 0, seq: 0 };
    const lines = records.map((facts) => {
      const body = JSON.stringify({
        n: ++state.n,
        at: 1_000 + state.n,
        v: 1,
        input: { type: 'test.input' },
        facts: facts.map(([type, data = {}]) => ({ seq: ++state.seq, type, data })),
      });
      return formatRecord('0'.repeat(64), '0'.repeat(32), body);
    });
    state.position = await this.#bus.journal.append(stream, state.position, lines);
    this.#streams.set(stream, state);
  }

  delta(root: string, actor: string, delta: { call: string; epoch: number; offset: number; text: string }): void {
    this.#bus.pubsub.publish(liveSubject({ tenant: this.#tenant, root, actor }), JSON.stringify(delta));
  }
}

/** A node at the port: goals in memory, facts in the real journal. */
export class TestHost implements GatewayHost {
  readonly nodeId = 'node-1';
  readonly version = '0.1.0';
  readonly goals = new Map<string, { tenant: string; view: GoalView; key: string | undefined; body: string }>();
  changes: readonly Artifact[] = [{ path: 'a.txt', change: 'added', task: 't0' }];
  readonly received: { method: string; tenant: string; params: unknown }[] = [];
  reasons: string[] = [];
  /** Set to let `nodes` wait, so that requests stay in flight. */
  hold: Promise<void> | undefined;
  readonly #writer: FactWriter;

  constructor(writer: FactWriter) {
    this.#writer = writer;
  }

  async approvals(): Promise<[]> {
    return [];
  }

  async decideApproval(_tenant: string, id: string): Promise<void> {
    throw new FlockworkError('approval_unknown', `nothing waits under '${id}'`);
  }

  async deadLetters(): Promise<[]> {
    return [];
  }

  async requeueDeadLetter(_tenant: string, id: string): Promise<number> {
    throw new FlockworkError('not_found', `there is no dead letter ${id}`);
  }

  async submit(tenant: string, submission: GoalSubmission): Promise<{ id: string }> {
    const { idempotencyKey, ...rest } = submission;
    const body = JSON.stringify(rest);
    for (const [id, goal] of this.goals) {
      if (idempotencyKey === undefined || goal.key !== idempotencyKey || goal.tenant !== tenant) continue;
      if (goal.body !== body) throw new FlockworkError('idempotency_conflict', `key ${idempotencyKey} was used with another body`);
      return { id };
    }
    const id = `g${this.goals.size + 1}`;
    const strategy = typeof submission.strategy === 'object' ? submission.strategy : ({ type: 'single' } as const);
    const view: GoalView = {
      id,
      status: 'running',
      goal: submission.goal,
      strategy,
      usage: { modelCalls: 0, toolCalls: 0, tokens: 0, costUsd: 0, estimated: false, seconds: 0 },
      tasks: { total: 0, running: 0, completed: 0, failed: 0 },
      createdAt: '2026-11-01T00:00:00.000Z',
    };
    this.goals.set(id, { tenant, view, key: idempotencyKey, body });
    await this.#writer.write(id, 'coordinator', [['goal.accepted', { goal: submission.goal }]]);
    return { id };
  }

  async get(tenant: string, goalId: string): Promise<GoalView> {
    const goal = this.goals.get(goalId);
    if (goal === undefined || goal.tenant !== tenant) throw new FlockworkError('goal_unknown', `there is no goal ${goalId}`, { details: { goalId } });
    return goal.view;
  }

  async list(tenant: string, options: { limit: number; after?: string; status?: string }) {
    const all = [...this.goals.values()]
      .filter((goal) => goal.tenant === tenant && (options.status === undefined || goal.view.status === options.status))
      .map((goal) => goal.view);
    const from = options.after === undefined ? 0 : Number(options.after);
    const items = all.slice(from, from + options.limit);
    return { items, next: from + items.length < all.length ? String(from + items.length) : null };
  }

  async cancel(tenant: string, goalId: string, reason?: string): Promise<void> {
    const view = await this.get(tenant, goalId);
    this.received.push({ method: 'cancel', tenant, params: { goalId, reason } });
    if (isEnded(view.status)) throw new FlockworkError('goal_ended', `goal ${goalId} has ended as ${view.status}`);
    await this.end(goalId, 'cancelled');
  }

  async resume(tenant: string, goalId: string, quota?: unknown): Promise<void> {
    const view = await this.get(tenant, goalId);
    this.received.push({ method: 'resume', tenant, params: { goalId, quota } });
    if (view.status !== 'paused') throw new FlockworkError('goal_not_paused', `goal ${goalId} is ${view.status}`);
  }

  async sendMessage(tenant: string, goalId: string, text: string): Promise<{ id: string }> {
    await this.get(tenant, goalId);
    this.received.push({ method: 'sendMessage', tenant, params: { goalId, text } });
    return { id: 'm1' };
  }

  async artifacts(tenant: string, goalId: string) {
    await this.get(tenant, goalId);
    return { items: this.changes, base: { files: [] }, patch: null };
  }

  async verify(tenant: string, goalId: string) {
    await this.get(tenant, goalId);
    return { goalId, actors: 1, records: 1, ok: true, problems: [], note: 'nothing after the last anchor is proven' };
  }

  async replay(tenant: string, goalId: string) {
    await this.get(tenant, goalId);
    return { goalId, ok: true, actors: [], problems: [] };
  }

  async nodes() {
    await this.hold;
    return [
      {
        id: this.nodeId,
        roles: ['gateway'],
        version: this.version,
        startedAt: '2026-11-01T00:00:00.000Z',
        shards: 64,
        load: { goals: this.goals.size, agents: 0 },
      },
    ];
  }

  async memory(tenant: string, goalId: string): Promise<MemoryPage> {
    await this.get(tenant, goalId);
    return { items: [{ key: 'counter', version: 3, by: 'agent-t0-1', at: 1_000, bytes: 1 }], next: null };
  }

  async memoryValue(tenant: string, goalId: string, key: string): Promise<MemoryValue> {
    await this.get(tenant, goalId);
    if (key !== 'counter') throw new FlockworkError('memory_key_unknown', `the memory of goal ${goalId} has no key '${key}'`, { details: { goalId, key } });
    return { key, version: 3, by: 'agent-t0-1', at: 1_000, bytes: 1, value: 7 };
  }

  async config() {
    return { values: { http: { port: 1 } }, origins: { 'http.port': 'default' }, hash: 'h', pending: [] };
  }

  async applyConfig(document: unknown, hash?: string) {
    return this.#changed('applyConfig', { document, hash });
  }

  async patchConfig(changes: unknown, hash?: string) {
    return this.#changed('patchConfig', { changes, hash });
  }

  #changed(method: string, params: unknown) {
    this.received.push({ method, tenant: '', params });
    return { file: 'flockwork.toml', changed: ['http.port'], live: [], restart: ['http.port'], restartNeeded: true, overridden: {}, hash: 'h' };
  }

  notReady(): readonly string[] {
    return this.reasons;
  }

  async metrics() {
    return [single('gauge', 'flockwork.goals', 'Goals there are.', this.goals.size)];
  }

  async end(goalId: string, status: 'completed' | 'failed' | 'cancelled'): Promise<void> {
    const goal = this.goals.get(goalId);
    if (goal !== undefined) goal.view = { ...goal.view, status, endedAt: '2026-11-01T00:00:01.000Z' };
    await this.#writer.write(goalId, 'coordinator', [[`goal.${status}`, { result: 'done' }]]);
  }
}

export interface Fixture {
  readonly bus: Bus;
  readonly writer: FactWriter;
  readonly host: TestHost;
  readonly gateway: Gateway;
  readonly faults: unknown[];
  /** What an operator would read. */
  readonly notes: readonly string[];
  /** Another gateway on the same bus and goals, for instance on the port of one that was stopped. */
  restart(options?: { httpPort?: number }): Promise<Gateway>;
  stop(): Promise<void>;
}

export async function startFixture(
  options: { limits?: Partial<GatewayLimits>; auth?: GatewayAuth; webSocket?: WebSocketEngineOptions } = {},
): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-gateway-'));
  const bus = await openEmbeddedBus({ folder, projector, sync: 'off' });
  const writer = new FactWriter(bus);
  const host = new TestHost(writer);
  const faults: unknown[] = [];
  const notes: string[] = [];
  const started = new Set<Gateway>();
  const start = async (httpPort = 0): Promise<Gateway> => {
    const gateway = await startGateway({
      host,
      bus,
      auth: options.auth ?? { mode: 'loopback' },
      bind: { host: '127.0.0.1', httpPort },
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.webSocket === undefined ? {} : { webSocket: options.webSocket }),
      onNote: (line) => notes.push(line),
      onFault: (error) => faults.push(error),
    });
    started.add(gateway);
    return gateway;
  };
  const stop = async (): Promise<void> => {
    for (const gateway of started) await gateway.stop();
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { bus, writer, host, faults, notes, gateway: await start(), restart: ({ httpPort = 0 } = {}) => start(httpPort), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for a condition; fails by name when it does not come. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, waitMaxMs = 10_000): Promise<void> {
  const deadline = performance.now() + waitMaxMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${waitMaxMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
