import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { idleCheckMs } from '../../src/cli/idle-heap.ts';
import { connect } from '../../src/client/index.ts';
import { type BenchResult, resultOf } from './result.ts';
import { buildDist, type Service, startService } from './service.ts';

const sleepers = 10_000;
const submittedAtOnce = 32;
const idleMs = 2_000;
/** An idle service looks at its heap every `idleCheckMs` (src/cli/idle-heap.ts), and gives garbage back in two looks; V8 takes some seconds more. */
const settleMs = 4 * idleCheckMs;
/** Longest wait for the last goal to be paused and the last cell to be let go. Milliseconds. */
const passivationMaxMs = 180_000;

/** What the service holds for actors that sleep: in the process that put them to sleep, and in the one started after it. */
export async function sleepingActors(): Promise<BenchResult[]> {
  await buildDist();
  const folder = await mkdtemp(join(tmpdir(), 'flockwork-bench-'));
  const env = { FLOCKWORK_CELL_IDLE_MS: String(idleMs), FLOCKWORK_JOURNAL_SYNC: 'off', FLOCKWORK_LOG_LEVEL: 'silent' };
  try {
    const service = await startService(folder, env);
    const before = service.rssMb();
    await pausedGoals(service);
    await allAsleep(service);
    await pause(settleMs);
    const after = service.rssMb();
    await service.stop();
    const next = await startService(folder, env);
    await pause(idleMs);
    const restarted = next.rssMb();
    await next.stop();
    const yardstick = { what: 'the same service on an empty data folder', figure: before };
    const what = `${sleepers} goals paused by their quota, their cells let go after cell.idleMs = ${idleMs}; dist, all roles, VmRSS`;
    return [
      resultOf({
        name: `${sleepers} idle agents, passivated, in a service started on them`,
        figure: restarted,
        unit: 'MB RSS',
        demand: 250,
        yardstick,
        runs: 1,
        note: what,
      }),
      resultOf({
        name: `${sleepers} idle agents, passivated, in the service that took them in`,
        figure: after,
        unit: 'MB RSS',
        demand: 250,
        yardstick,
        runs: 1,
        note: `${what}; taken in over WebSocket, ${submittedAtOnce} at once, from another process, ${settleMs / 1_000} s after the last cell was let go`,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Goals whose first call is above their quota: each waits for a goal.resume that does not come. */
async function pausedGoals(service: Service): Promise<void> {
  const client = await connect(service.endpoints.get('ws') ?? '');
  let next = 0;
  const submitter = async (): Promise<void> => {
    while (next++ < sleepers) await client.submit({ goal: 'Wait for me.', strategy: 'single', quota: { maxTokens: 1 } });
  };
  await Promise.all(Array.from({ length: submittedAtOnce }, submitter));
  const deadline = Date.now() + passivationMaxMs;
  for (const status of ['accepted', 'running'] as const) {
    while ((await client.list({ status, limit: 1 })).items.length > 0) {
      if (Date.now() > deadline) throw new Error(`goals are still ${status}`);
      await pause(500);
    }
  }
  await client.close();
}

async function allAsleep(service: Service): Promise<void> {
  const metrics = new URL('/metrics', service.endpoints.get('http'));
  const deadline = Date.now() + passivationMaxMs;
  for (;;) {
    const open = Number(/^flockwork_cells_open (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1]);
    if (open === 0) return;
    if (Date.now() > deadline) throw new Error(`${open} cells are still open`);
    await pause(500);
  }
}
