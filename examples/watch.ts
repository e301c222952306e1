/**
 * `node examples/watch.ts GOAL [CURSOR]`: follows a goal of the node at FLOCKWORK_CONNECT (default ws://127.0.0.1:9090/v1/ws), a line per fact.
 * Ctrl-C leaves, and says with which cursor to come back. The code that matters is in `watch.examples.ts`.
 */
import { follow } from './watch.examples.ts';

const [goalId, after] = process.argv.slice(2);
if (goalId === undefined) {
  process.stderr.write('usage: node examples/watch.ts GOAL [CURSOR]\n');
  process.exitCode = 2;
} else {
  const left = new AbortController();
  process.once('SIGINT', () => left.abort());
  const cursor = await follow({
    address: process.env['FLOCKWORK_CONNECT'] ?? 'ws://127.0.0.1:9090/v1/ws',
    token: process.env['FLOCKWORK_TOKEN'],
    goalId,
    ...(after === undefined ? {} : { after }),
    signal: left.signal,
    onEvent: ({ at, actor, type }) => process.stdout.write(`${new Date(at).toISOString()} ${actor.padEnd(12)} ${type}\n`),
  });
  if (left.signal.aborted) process.stderr.write(`come back with: node examples/watch.ts ${goalId} ${cursor ?? '0'}\n`);
}
