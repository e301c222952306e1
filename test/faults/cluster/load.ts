import { setTimeout as pause } from 'node:timers/promises';
import type { GoalSubmission } from '../../../protocols/goals/goal.ts';
import type { FlockworkClient } from '../../../src/client/index.ts';
import type { Cluster } from './cluster.ts';
import type { Ledger } from './ledger.ts';

/** Submissions under way at once. */
const submitAtOnceMax = 32;

/** Submits as many goals, a few at once; answers their ids in order. */
export async function submitMany(client: FlockworkClient, count: number, goalOf: (index: number) => GoalSubmission): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += submitAtOnceMax) {
    const some = Array.from({ length: Math.min(submitAtOnceMax, count - from) }, (_, index) => client.submit(goalOf(from + index)));
    ids.push(...(await Promise.all(some)).map(({ id }) => id));
  }
  return ids;
}

/** Waits until as many goals have ended; else throws with the state of those that have not, and of the nodes. */
export async function untilEnded(ledger: Ledger, cluster: Cluster, count: number, maxMs: number): Promise<void> {
  for (const deadline = Date.now() + maxMs; Date.now() < deadline; await pause(50)) if (ledger.ended.size >= count) return;
  const open = [...ledger.actors.values()].filter(({ root }) => !ledger.ended.has(root));
  const pages = open
    .slice(0, 20)
    .map(({ root, actor, n, openings, facts }) => `${root} ${actor}: ${n} records, opened ${JSON.stringify(openings)}, ${JSON.stringify([...facts])}`);
  const stored = await ledger.reread();
  const unheard = [...stored.actors].filter(([stream, { n }]) => ledger.actors.get(stream)?.n !== n).map(([stream, { n }]) => `${stream}: ${n} stored`);
  const nodes = cluster.nodes.map(({ id, child }) => `${id} ${child.exitCode ?? child.signalCode ?? 'runs'}`);
  throw new Error(
    `${ledger.ended.size} of ${count} goals ended within ${maxMs} ms; nodes: ${nodes.join(', ')}\n${pages.join('\n')}\n${stored.ended.size} ended as stored; not heard of: ${unheard.slice(0, 20).join(', ')}\n${cluster.stderr.slice(-8_000)}`,
  );
}
