/**
 * The clients of the benches that watch, in a process of their own: takes `{url, goalId, count}` or `{url, messages, count}` by IPC, says
 * `watching`, and `{delivered}` once each of them has seen the end. With `{url, goalIds, count, messages}` each has a goal of its own, and they
 * are `watching` once each has seen so many events.
 */
import { WebSocket } from 'ws';
import { connect } from '../../src/client/index.ts';

export interface WatchOrder {
  readonly url: string;
  readonly count: number;
  /** Watch this goal; absent: count what a bare server sends, up to `messages` for each client. */
  readonly goalId?: string;
  readonly messages?: number;
  /** Connected first, then opened at once: client n watches goal n. */
  readonly goalIds?: readonly string[];
}

function tell(what: 'watching' | { readonly delivered: number }): void {
  process.send?.(what);
}

async function watchGoal(url: string, goalId: string, count: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: count }, () => connect(url)));
  const seen = Array.from({ length: count }, () => 0);
  let begun = 0;
  await Promise.all(
    clients.map(async (client, index) => {
      for await (const { kind } of client.watch(goalId)) {
        if (kind !== 'event') continue;
        if (seen[index] === 0 && ++begun === count) tell('watching');
        seen[index] = (seen[index] ?? 0) + 1;
      }
    }),
  );
  await Promise.all(clients.map((client) => client.close()));
  tell({ delivered: seen.reduce((sum, one) => sum + one, 0) });
}

async function countMessages(url: string, messages: number, count: number): Promise<void> {
  let open = 0;
  let delivered = 0;
  await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = new WebSocket(url);
      let left = messages;
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('open', () => {
          if (++open === count) tell('watching');
        });
        socket.on('message', () => {
          delivered++;
          if (--left === 0) resolve();
        });
      });
      socket.close();
    }),
  );
  tell({ delivered });
}

async function openAtOnce(url: string, goalIds: readonly string[], events: number): Promise<void> {
  const clients = await Promise.all(goalIds.map(() => connect(url)));
  let ready = 0;
  await Promise.all(
    clients.map(async (client, index) => {
      let seen = 0;
      for await (const { kind } of client.watch(goalIds[index] ?? '')) {
        if (kind === 'event' && ++seen === events && ++ready === goalIds.length) tell('watching');
      }
    }),
  );
}

process.on('message', ({ url, goalId, goalIds, messages = 0, count }: WatchOrder) => {
  const opening = goalIds === undefined ? undefined : openAtOnce(url, goalIds, messages);
  const watching = opening ?? (goalId === undefined ? countMessages(url, messages, count) : watchGoal(url, goalId, count));
  watching.catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
