import type { FlockworkClient } from '../../client/index.ts';
import { auditEntry, auditText } from '../audit/entry.ts';
import { exitCodes } from '../exit.ts';
import { type CommandIo, note, printJson, printText } from '../io.ts';
import { type ConnectionOptions, liveSession, withSession } from '../session.ts';
import { interruption } from './start.ts';

export interface AuditTailOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** How often a tail of all goals looks for new ones. Milliseconds. */
const lookMs = 1_000;
/** Goals that a tail follows at the same time. */
const goalsMax = 64;
/** Goals whose end is remembered, so that none is told twice. */
const toldMax = 10_000;

/** Follows what is done, as it is done: one goal until it ends, or all goals until Ctrl-C. */
export async function auditTail(io: CommandIo, goalId: string | undefined, options: AuditTailOptions): Promise<number> {
  return withSession(await liveSession(io, options), async ({ client }) => {
    const stop = new AbortController();
    void interruption(io).then(() => stop.abort());
    const follow = async (id: string): Promise<void> => {
      for await (const item of client.watch(id, { signal: stop.signal })) {
        if (item.kind !== 'event') continue;
        if (options.json === true) await printJson(io, auditEntry(item.event));
        else await printText(io, auditText(item.event));
      }
    };
    if (goalId === undefined) await followAll(client, follow, stop.signal, (line) => note(io, line));
    else await follow(goalId);
    return stop.signal.aborted ? exitCodes.interrupted : exitCodes.completed;
  });
}

async function followAll(client: FlockworkClient, follow: (id: string) => Promise<void>, signal: AbortSignal, tell: (line: string) => void): Promise<void> {
  const told = new Set<string>();
  const following = new Map<string, Promise<void>>();
  const failed: unknown[] = [];
  let full = false;
  while (!signal.aborted && failed.length === 0) {
    for (const status of ['running', 'paused', 'accepted'] as const) {
      const { items } = await client.list({ limit: goalsMax, status });
      for (const { id } of items) {
        if (told.has(id)) continue;
        if (following.size >= goalsMax) {
          if (!full) tell(`flockwork: ${goalsMax} goals are followed at the same time; others wait until one of them ends`);
          full = true;
          continue;
        }
        told.add(id);
        const done = follow(id)
          .catch((error: unknown) => void failed.push(error))
          .finally(() => following.delete(id));
        following.set(id, done);
      }
    }
    for (const oldest of told) {
      if (told.size <= toldMax) break;
      if (!following.has(oldest)) told.delete(oldest);
    }
    await pause(lookMs, signal);
  }
  await Promise.allSettled(following.values());
  if (failed.length > 0) throw failed[0];
}

/** Waits, but not longer than until `signal`. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
