import { createHash } from 'node:crypto';
import { createWebSocketReceiver } from '@statelyai/inspect';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createMachine, getInitialSnapshot } from 'xstate';
import { publishTool, type Showcase, type ShowcaseOptions, startShowcase } from '../../scripts/screenshots/showcase.ts';
import { asking } from './inspector-stage.ts';

let stage: Showcase | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

const eventually = (probe: () => void | Promise<void>) => vi.waitFor(probe, { timeout: 20_000, interval: 20 });

async function start(options: Partial<ShowcaseOptions> = {}): Promise<{ readonly stage: Showcase; readonly server: string }> {
  stage = await startShowcase({ script: asking, tools: [publishTool], ...options });
  return { stage, server: `${stage.address.replace('http', 'ws')}v1/inspect` };
}

type Told = Readonly<Record<string, unknown>>;

/** What the receiver of `@statelyai/inspect` hands over. */
function listen(server: string): Told[] {
  const told: Told[] = [];
  createWebSocketReceiver({ server }).subscribe((event) => void told.push(event as unknown as Told));
  return told;
}

const ofType = (told: readonly Told[], type: string): readonly Told[] => told.filter((event) => event['type'] === type);

describe('an XState inspector that nobody here wrote', () => {
  test('attaches, and is told of actors, events and snapshots', async () => {
    const { stage: node, server } = await start();
    const told = listen(`${server}?form=stately`);
    const client = node.node().client();
    const { id } = await client.submit({ goal: 'Publish the report', strategy: 'single' });
    await eventually(async () => expect(await client.approvals(id)).toHaveLength(1));
    await eventually(() => expect(ofType(told, '@xstate.snapshot').map(({ snapshot }) => (snapshot as { value: string }).value)).toContain('waiting'));
    const actors = ofType(told, '@xstate.actor');
    expect(actors.map(({ sessionId, rootId }) => [sessionId, rootId])).toEqual(
      expect.arrayContaining([
        [`${id}/coordinator`, `${id}/coordinator`],
        [`${id}/agent-t0-1`, `${id}/coordinator`],
      ]),
    );
    expect(actors.find(({ name }) => name === 'agent-t0-1')?.['parentId']).toBe(`${id}/coordinator`);
    // The definition is one that XState itself can read.
    const definition = JSON.parse(String(actors.find(({ name }) => name === 'agent-t0-1')?.['definition']));
    expect(getInitialSnapshot(createMachine(definition)).value).toBe('idle');
    const events = ofType(told, '@xstate.event').map(({ event }) => (event as { type: string }).type);
    expect(events).toEqual(expect.arrayContaining(['agent.assign', 'model.replied']));
    for (const { createdAt, _version } of told) expect([typeof createdAt, _version]).toEqual(['string', '0.7.2']);
    const [approval] = await client.approvals(id);
    await client.decide(approval?.id ?? '', 'approve');
    await eventually(() => {
      const last = ofType(told, '@xstate.snapshot').findLast(({ sessionId }) => sessionId === `${id}/coordinator`);
      expect(last?.['snapshot']).toMatchObject({ status: 'done', value: 'completed' });
    });
  });

  test('may ask for one goal only', async () => {
    const { stage: node, server } = await start({ script: () => ({ text: 'done' }) });
    const client = node.node().client();
    const first = await client.submit({ goal: 'One', strategy: 'single' });
    const second = await client.submit({ goal: 'Two', strategy: 'single' });
    const told = listen(`${server}?form=stately&root=${second.id}`);
    await eventually(() => expect(ofType(told, '@xstate.actor')).toHaveLength(2));
    expect(JSON.stringify(told)).not.toContain(first.id);
  });

  test('is refused without its token, whatever the address says, and may say nothing', async () => {
    const sha256 = createHash('sha256').update('open-sesame').digest('hex');
    const { server } = await start({ settings: { 'auth.mode': 'token', 'auth.tokens': [{ tenant: 'acme', sha256 }] } });
    const upgrade = (address: string, headers: Readonly<Record<string, string>> = {}) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address, { headers });
        socket.once('open', () => {
          socket.send(JSON.stringify({ type: 'watch', actor: 1 }));
          socket.once('close', (_code, reason) => resolve(`closed: ${reason.toString()}`));
        });
        socket.once('unexpected-response', (_request, response) => resolve(String(response.statusCode)));
        socket.once('error', (error) => resolve(error.message));
      });
    expect(await upgrade(`${server}?form=stately`)).toBe('401');
    expect(await upgrade(`${server}?form=stately&token=open-sesame`)).toBe('401');
    expect(await upgrade(`${server}?form=stately`, { authorization: 'Bearer forged' })).toBe('401');
    expect(await upgrade(`${server}?form=other`, { authorization: 'Bearer open-sesame' })).toBe('400');
    expect(await upgrade(`${server}?form=stately`, { authorization: 'Bearer open-sesame' })).toMatch(/^closed: invalid_request/);
  });
});
