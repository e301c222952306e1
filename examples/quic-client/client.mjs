/**
 * `FLOCKWORK_CONNECT=/ip4/…/udp/…/quic-v1/p2p/… node client.mjs "GOAL"`: submits a goal over QUIC, follows it, and prints its result.
 * `node client.mjs --watch GOAL_ID [CURSOR]` goes on where another watcher, on any transport, has left.
 */
import { connect } from 'flockwork/client';

const address = process.env.FLOCKWORK_CONNECT;
const [first, ...rest] = process.argv.slice(2);
if (address === undefined || first === undefined) {
  process.stderr.write('usage: FLOCKWORK_CONNECT=MULTIADDR node client.mjs "GOAL" | --watch GOAL_ID [CURSOR]\n');
  process.exit(2);
}

// Breaks are mended by the client: it dials again with growing waits, and every watch goes on after its last event.
const client = await connect(address, { token: process.env.FLOCKWORK_TOKEN });
const left = new AbortController();
process.once('SIGINT', () => left.abort());
try {
  const [goalId, after] = first === '--watch' ? rest : [(await client.submit({ goal: first })).id];
  let cursor = after;
  for await (const { kind, event } of client.watch(goalId, { signal: left.signal, ...(after === undefined ? {} : { after }) })) {
    if (kind !== 'event') continue;
    cursor = event.cursor;
    process.stderr.write(`${event.actor.padEnd(12)} ${event.type}\n`);
  }
  if (left.signal.aborted) {
    process.stderr.write(`come back with: node client.mjs --watch ${goalId} ${cursor ?? '0'}\n`);
  } else {
    const { status, result } = await client.get(goalId);
    process.stdout.write(`${result ?? status}\n`);
    process.exitCode = status === 'completed' ? 0 : 1;
  }
} finally {
  await client.close();
}
