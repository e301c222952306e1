import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type Fixture, startFixture } from '../../test/integration/gateway/fixture.ts';
import { costOf } from './cost.ts';
import type { WatchOrder } from './watchers.ts';

const eventsPerTick = 10;
const ticks = 100;
/** Between two appends, so that each is a tick of its own, ms. */
const tickMs = 5;

/** µs CPU of the gateway for each event that it delivers when every tick has ten of them: with watchers, less the same without. */
export async function tickCost(child: ChildProcess, watchers: number): Promise<number> {
  const fixture = await startFixture();
  try {
    await played(fixture, undefined, 0);
    const alone = await played(fixture, undefined, 0);
    const watched = await played(fixture, child, watchers);
    return ((watched - alone) * 1_000) / (ticks * eventsPerTick * watchers);
  } finally {
    await fixture.stop();
  }
}

/** The CPU of a goal whose facts come ten at a time, ms. */
async function played({ host, writer, gateway }: Fixture, child: ChildProcess | undefined, count: number): Promise<number> {
  const { id: goalId } = await host.submit('default', { goal: 'watched' });
  if (child !== undefined) {
    const watching = once(child, 'message');
    child.send({ url: gateway.wsUrl, goalId, count } satisfies WatchOrder);
    await watching;
  }
  const over = child === undefined ? undefined : once(child, 'message');
  const { cpuMs } = await costOf(async () => {
    for (let tick = 0; tick < ticks; tick++) {
      await writer.write(
        goalId,
        'agent-t0-1',
        Array.from({ length: eventsPerTick }, (_, at) => ['model.called', { call: `c${tick}`, at, text: 'x'.repeat(100) }] as const),
      );
      await pause(tickMs);
    }
    await host.end(goalId, 'completed');
    await over;
  });
  return cpuMs;
}
