import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { failureOf } from '../../protocols/errors/error.ts';
import type { GoalSubmission, GoalView } from '../../protocols/goals/goal.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import { journalPattern } from '../../protocols/subjects.ts';
import type { GoalEvent } from '../../protocols/wire/methods.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { connect, type FlockworkClient, type ReplayResult, type VerifyResult } from '../../src/client/index.ts';
import { type MockModel, type MockScript, startMockModel } from '../../src/testing/mock-model/index.ts';
import { goalIndex } from '../../swarm/goals/goal-index.ts';
import type { FaultNodeOptions } from './fault-node.ts';

const script = join(import.meta.dirname, 'fault-node.ts');
/** Starting from sources costs mostly compiling them: once is enough. */
const compileCache = join(tmpdir(), 'flockwork-compile-cache');
/** How long one run may take before it counts as stuck. Milliseconds. */
const stuckMs = Number(process.env['FLOCKWORK_TEST_STUCK_MS'] ?? 45_000);

/** The states of an agent that has ended. */
const endStates: ReadonlySet<string> = new Set(['answered', 'failed', 'cancelled']);

/** How long a fault point behind the end of the goal may take to be crossed. Milliseconds. */
const afterEndMs = 10_000;

export interface JournaledInput {
  readonly stream: string;
  readonly type: string;
  readonly key?: string;
  readonly id?: string;
  readonly code?: string;
}

/** Everything that the outside saw of one run. */
export interface FaultRun {
  readonly goal: GoalView;
  readonly events: readonly GoalEvent[];
  readonly kills: number;
  /** Calls by idempotency key, as the model server counted them. */
  readonly callsByKey: ReadonlyMap<string, number>;
  /** Effects outside by key, as the file system has them. */
  readonly effects: ReadonlyMap<string, number>;
  readonly inputs: readonly JournaledInput[];
  /** Ids of messages that became dead letters. */
  readonly buried: readonly string[];
  readonly verify: VerifyResult;
  readonly replay: ReplayResult;
  /** Ids of messages that were acknowledged to the sender. */
  readonly acknowledgedMessages: readonly string[];
  /** Wall time from the last start to the end of the goal. Milliseconds. */
  readonly stderr: string;
}

export interface FaultPlan {
  readonly submission: GoalSubmission;
  readonly script: MockScript;
  readonly kill?: { readonly point: string; readonly nth: number };
  /** SIGKILL from outside: that many milliseconds after the first event, once for each entry. */
  readonly killAfterMs?: readonly number[];
  readonly crossings?: boolean;
  /** Sends a message into the goal once a tool has completed. */
  readonly message?: boolean;
  /** Cancels the goal once a tool has completed, and waits until every agent has ended. */
  readonly cancel?: boolean;
}

/** Runs one goal on a node that is killed on the way and started again each time it dies, and watches it from outside. */
export async function runUnderFault(plan: FaultPlan): Promise<FaultRun & { readonly crossed: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-fault-'));
  const model = await startMockModel({ script: plan.script });
  const crossingsFile = join(folder, 'crossings.txt');
  const options: FaultNodeOptions = {
    folder: join(folder, 'data'),
    port: 0,
    modelUrl: model.baseUrl,
    effectsFile: join(folder, 'effects.txt'),
    ...(plan.crossings === true ? { crossingsFile } : {}),
  };
  const keeper = new NodeKeeper(options, plan.kill);
  try {
    return { ...(await watchToEnd(plan, keeper, model, options)), crossed: lines(crossingsFile) };
  } finally {
    await keeper.stop();
    await model.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watchToEnd(plan: FaultPlan, keeper: NodeKeeper, model: MockModel, options: FaultNodeOptions): Promise<FaultRun> {
  await keeper.start();
  const client = await connect(`ws://127.0.0.1:${keeper.port}/v1/ws`, { limits: { reconnectAttemptsMax: 200, reconnectWaitMs: 20, reconnectWaitMaxMs: 100 } });
  const acknowledgedMessages: string[] = [];
  let stuck: NodeJS.Timeout | undefined;
  try {
    const work = async (): Promise<FaultRun> => {
      const { id } = await client.submit({ ...plan.submission, idempotencyKey: 'fault-run' });
      const events: GoalEvent[] = [];
      let asked = plan.message !== true;
      let cancelled = plan.cancel !== true;
      const kills = [...(plan.killAfterMs ?? [])];
      const killNext = (): void => {
        const after = kills.shift();
        if (after !== undefined) setTimeout(() => void keeper.kill().then(killNext), after);
      };
      killNext();
      for await (const item of client.watch(id)) {
        if (item.kind !== 'event') continue;
        events.push(item.event);
        if (!asked && item.event.type === 'tool.completed') {
          asked = true;
          void client.sendMessage(id, 'and mention the weather').then(
            (sent) => acknowledgedMessages.push(sent.id),
            () => undefined, // not acknowledged: nothing is promised
          );
        }
        if (!cancelled && item.event.type === 'tool.completed') {
          cancelled = true;
          void cancelUntilHeard(client, id);
        }
      }
      // What comes after the goal's end, such as acknowledging its last task, has its fault points too.
      if (plan.kill !== undefined) await keeper.firstKill(afterEndMs);
      if (plan.cancel === true) await agentsEnded(client, id);
      const goal = await client.get(id);
      const verify = await client.verify(id);
      const replay = await client.replay(id);
      await keeper.stop();
      return {
        goal,
        events,
        kills: keeper.kills,
        callsByKey: counted(model.calls.map(({ key }) => key)),
        effects: counted(lines(options.effectsFile)),
        ...(await journaled(options.folder)),
        verify,
        replay,
        acknowledgedMessages,
        stderr: keeper.stderr,
      };
    };
    const late = new Promise<never>((_, reject) => {
      stuck = setTimeout(() => reject(new Error(`stuck for ${stuckMs} ms\n${keeper.stderr}`)), stuckMs);
    });
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(stuck);
    await client.close();
  }
}

/** A cancel whose answer was lost with its node is asked for again; one that was heard twice changes nothing. */
async function cancelUntilHeard(client: FlockworkClient, id: string): Promise<void> {
  for (const deadline = Date.now() + afterEndMs; Date.now() < deadline; await pause(10)) {
    try {
      await client.cancel(id);
      return;
    } catch (error) {
      if (failureOf(error).code === 'goal_ended') return;
    }
  }
}

/** Resolves once no agent of the goal is at work, or after `afterEndMs`: then the test says which one is. */
async function agentsEnded(client: FlockworkClient, id: string): Promise<void> {
  for (const deadline = Date.now() + afterEndMs; Date.now() < deadline; await pause(20)) {
    const { actors } = await client.replay(id);
    if (actors.every(({ actor, state }) => actor === 'coordinator' || endStates.has(state))) return;
  }
}

/** Keeps one node running: when it is killed it is started again, without the fault. */
class NodeKeeper {
  readonly #options: FaultNodeOptions;
  #kill: FaultNodeOptions['kill'];
  #child: ChildProcess | undefined;
  #stopping = false;
  /** The port that the first process took; those after it take it again. */
  port = 0;
  kills = 0;
  stderr = '';

  constructor(options: FaultNodeOptions, kill: FaultNodeOptions['kill']) {
    this.#options = options;
    this.#kill = kill;
  }

  async start(): Promise<void> {
    const kill = this.#kill;
    this.#kill = undefined;
    const given = { ...this.#options, port: this.port, ...(kill === undefined ? {} : { kill }) };
    const child = spawn(process.execPath, [script, JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    child.on('exit', (code, signal) => {
      if (this.#stopping || this.#child !== child) return;
      if (signal !== 'SIGKILL') this.stderr += `\nthe node ended by itself with ${code ?? signal}`;
      if (signal === 'SIGKILL') this.kills += 1;
      void this.start();
    });
    const [ready] = (await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')])) as unknown[];
    const port = /^ready (\d+)/.exec(String(ready))?.[1];
    if (port !== undefined) this.port = Number(port);
    else if (this.port === 0) throw new Error(`the first node did not come up: ${String(ready)}\n${this.stderr}`);
  }

  /** Resolves once a process was killed and the next one is ready, or after `maxMs`: then the test says that its point was not crossed. */
  async firstKill(maxMs: number): Promise<void> {
    for (const deadline = Date.now() + maxMs; this.kills === 0 && Date.now() < deadline; ) await pause(10);
  }

  /** kill -9 from outside; resolves when the next process is ready. */
  async kill(): Promise<void> {
    if (this.#stopping || this.#child === undefined) return;
    const child = this.#child;
    this.#child = undefined;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    this.kills += 1;
    if (!this.#stopping) await this.start();
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}

async function journaled(folder: string): Promise<{ inputs: JournaledInput[]; buried: string[] }> {
  const bus = await openEmbeddedBus({ folder, projector: goalIndex });
  const inputs: JournaledInput[] = [];
  for await (const { stream, records } of bus.journal.read(journalPattern)) {
    for (const line of records) inputs.push({ ...(JSON.parse(splitRecord(line).body) as { input: JournaledInput }).input, stream });
  }
  const buried = (await bus.inbox.dead()).map(({ id }) => id);
  await bus.close();
  return { inputs, buried };
}

function lines(file: string): string[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
