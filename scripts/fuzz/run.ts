import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GoalSubmission } from '../../protocols/goals/goal.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import { createAuthorizer } from '../../src/gateway/auth.ts';
import { createDispatcher } from '../../src/gateway/dispatcher.ts';
import { gatewayLimits } from '../../src/gateway/limits.ts';
import { FactWriter, TestHost } from '../../test/integration/gateway/fixture.ts';
import { runSession } from './session.ts';

/** Messages before memory is first looked at: code that was compiled and caches that were filled stay. */
const warmUpMessages = 20_000;
/** Goals of the host under the dispatcher; then it begins anew. */
const goalsMax = 32;

export interface FuzzOptions {
  readonly seed: number;
  /** Messages to send, at least; the last session is finished. */
  readonly count: number;
  /** Sessions to run whatever `count` says; for one that failed. */
  readonly sessions?: number;
}

export interface FuzzReport {
  readonly sessions: number;
  readonly messages: number;
  readonly answers: number;
  readonly events: number;
  /** Connections that ended before their time, by the code that they were told. */
  readonly endedAs: Readonly<Record<string, number>>;
  /** The first session that broke a promise. */
  readonly broken: { readonly seed: number; readonly violation: string } | undefined;
  /** Bytes held by the process (heap and buffers) after the run above those after the warm-up, nothing open in either; undefined when the run was shorter than that. */
  readonly heldBytes: number | undefined;
}

/** Runs sessions over a dispatcher with a real journal, one after the other, until `count` messages were sent or a promise was broken. */
export async function runFuzz({ seed, count, sessions: sessionsWanted }: FuzzOptions): Promise<FuzzReport> {
  const totals = { sessions: 0, messages: 0, answers: 0, events: 0 };
  const endedAs: Record<string, number> = {};
  const escaped: unknown[] = [];
  const onEscaped = (error: unknown): void => void escaped.push(error);
  let heldAtFirst: number | undefined;
  let broken: FuzzReport['broken'];
  process.on('unhandledRejection', onEscaped);
  process.on('uncaughtException', onEscaped);
  const more = (): boolean => broken === undefined && (sessionsWanted === undefined ? totals.messages < count : totals.sessions < sessionsWanted);
  try {
    while (more()) {
      // A dispatcher serves the warm-up, another one the rest: what either held must be gone with it.
      const until = heldAtFirst === undefined ? warmUpMessages : Number.POSITIVE_INFINITY;
      await withDispatcher(async (dispatcher, faults) => {
        while (more() && totals.messages < until) {
          const sessionSeed = seed + totals.sessions;
          const outcome = await runSession(dispatcher, sessionSeed);
          totals.sessions++;
          totals.messages += outcome.messages;
          totals.answers += outcome.answers;
          totals.events += outcome.events;
          if (outcome.endedAs !== undefined) endedAs[outcome.endedAs] = (endedAs[outcome.endedAs] ?? 0) + 1;
          const [defect] = [...escaped, ...faults];
          const violation =
            defect === undefined ? outcome.violation : `a defect: ${defect instanceof Error ? (defect.stack ?? defect.message) : String(defect)}`;
          if (violation !== undefined) broken = { seed: sessionSeed, violation };
        }
      });
      if (totals.messages >= warmUpMessages) heldAtFirst ??= heldBytes();
    }
  } finally {
    process.off('unhandledRejection', onEscaped);
    process.off('uncaughtException', onEscaped);
  }
  return { ...totals, endedAs, broken, heldBytes: heldAtFirst === undefined ? undefined : heldBytes() - heldAtFirst };
}

type Dispatcher = ReturnType<typeof createDispatcher>;

async function withDispatcher(work: (dispatcher: Dispatcher, faults: readonly unknown[]) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-fuzz-'));
  const bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] }, sync: 'off' });
  const faults: unknown[] = [];
  const dispatcher = createDispatcher({
    host: new FuzzHost(new FactWriter(bus)),
    bus,
    authorizer: createAuthorizer({ mode: 'loopback' }),
    limits: gatewayLimits,
    onFault: (error) => faults.push(error),
  });
  try {
    await dispatcher.start();
    await work(dispatcher, faults);
    await dispatcher.stop();
  } finally {
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Goals in memory, a bounded number of them. */
class FuzzHost extends TestHost {
  override submit(tenant: string, submission: GoalSubmission): Promise<{ id: string }> {
    if (this.goals.size >= goalsMax) {
      this.goals.clear();
      this.received.length = 0;
    }
    return super.submit(tenant, submission);
  }
}

function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') for (let round = 0; round < 3; round++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
