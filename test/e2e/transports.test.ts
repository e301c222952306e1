import { expect, test } from 'vitest';
import { readSse } from './peer.ts';
import { type Ended, jsonLines, processMaxMs, type Running, until, useStage } from './stage.ts';

const stage = useStage();
const items = 12;
/** Calls of the model that are answered at once; the others wait until watchers were killed. */
const answeredFirst = 5;

interface Line extends Record<string, unknown> {
  readonly type: string;
  readonly cursor?: string;
  readonly actor?: string;
  readonly seq?: number;
}

const linesOf = (text: string): Line[] => jsonLines(text.slice(0, text.lastIndexOf('\n') + 1)) as Line[];
const eventsOf = (text: string): Line[] => linesOf(text).filter(({ type }) => type !== 'result');

function expectGapless(events: readonly Line[]): void {
  const last = new Map<string | undefined, number>();
  for (const { actor, seq } of events) {
    expect(seq).toBe((last.get(actor) ?? 0) + 1);
    last.set(actor, Number(seq));
  }
}

test('one goal, submitted over QUIC and watched from other processes over QUIC, TCP, WebSocket and SSE; killed watchers go on elsewhere', {
  timeout: 4 * processMaxMs,
}, async () => {
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  let calls = 0;
  const { env } = await stage().model({ script: () => (++calls <= answeredFirst ? { text: 'seen' } : gate.then(() => ({ text: 'seen late' }))) });
  const node = await stage().node(['--model', 'openai/any', '--quic-port', '0', '--tcp-port', '0'], { env: { ...env, FLOCKWORK_QUIC_ENABLED: 'on' } });
  const address = (name: string): string => new RegExp(`^${name} +(\\S+)$`, 'm').exec(node.out())?.[1] ?? '';
  const at = { quic: address('quic'), tcp: address('tcp'), ws: node.ws, sse: node.http };
  expect(at.tcp).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+$/);
  expect(at.tcp.split('/p2p/')[1]).toBe(at.quic.split('/p2p/')[1]);

  const inputs = [{ kind: 'items', items: Array.from({ length: items }, (_, index) => `item ${index}`) }];
  await stage().write('goal.json', JSON.stringify({ goal: 'Look at the item.', strategy: 'map-reduce', agents: 3, inputs }));
  const submitted = await stage().cli('submit', '-f', 'goal.json', '--json', '--connect', at.quic);
  expect([submitted.code, submitted.err]).toEqual([0, expect.any(String)]);
  const id = String(jsonLines(submitted.out)[0]?.['id']);

  const watch = (over: keyof typeof at, ...more: string[]): Running => stage().start(['watch', id, '--json', '--connect', at[over], ...more]);
  const whole = (['quic', 'tcp', 'ws', 'sse'] as const).map((over) => watch(over));
  const doomed = (['quic', 'tcp', 'ws'] as const).map((over) => watch(over));
  const stranger = readSse(`${node.http}/v1/goals/${id}/events`);
  // Each has its part, and there is more to come.
  await until('the goal stands still at the gate', () => calls > answeredFirst);
  await until('all watch', () => [...whole, ...doomed].every((one) => eventsOf(one.out()).length >= 10));
  for (const { child } of doomed) child.kill('SIGKILL');
  const killed = await Promise.all(doomed.map(({ ended }) => ended));
  expect(killed.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
  goOn();

  const [first, ...others] = await Promise.all(whole.map(({ ended }) => ended));
  if (first === undefined) throw new Error('nobody watched');
  expect([first.code, first.err]).toEqual([0, expect.any(String)]);
  const transcript = eventsOf(first.out);
  expectGapless(transcript);
  expect(transcript.at(-1)).toMatchObject({ type: 'goal.completed' });
  expect(new Set(transcript.map(({ actor }) => actor)).size).toBeGreaterThan(items);
  for (const { out } of others) expect(out).toBe(first.out);
  // A stranger's SSE says the same: each line is the data of its event.
  const streamed = (await stranger).flatMap(({ data }) => (data === undefined ? [] : [data]));
  expect(streamed).toEqual(transcript);

  const [overQuic, overTcp, overWs] = killed as [Ended, Ended, Ended];
  const handovers = [
    [overQuic, 'ws'],
    [overQuic, 'sse'],
    [overTcp, 'quic'],
    [overWs, 'tcp'],
  ] as const;
  const resumed = await Promise.all(
    handovers.map(async ([{ out }, over]) => {
      const seen = eventsOf(out);
      expect(seen.length).toBeLessThan(transcript.length);
      const rest = await watch(over, '--after', String(seen.at(-1)?.cursor)).ended;
      return [...seen, ...eventsOf(rest.out)];
    }),
  );
  for (const events of resumed) expect(events).toEqual(transcript);
});
