import { describe, expect, test } from 'vitest';
import { Peer, readSse } from './peer.ts';
import { type LiveNode, processMaxMs, until, useStage } from './stage.ts';

const stage = useStage();
const json = { 'content-type': 'application/json' };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(node: LiveNode, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(node.http + path, {
    method,
    headers: { ...(body === undefined ? {} : json), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

/** Submits a goal and waits for its end. */
async function completed(node: LiveNode, goal: Record<string, unknown>): Promise<string> {
  const id = String((await ask(node, 'POST', '/v1/goals', goal)).body['id']);
  await until('the goal is complete', async () => (await ask(node, 'GET', `/v1/goals/${id}`)).body['status'] === 'completed');
  return id;
}

function expectProblem({ status, headers, body }: Answer, wanted: number, code: string): void {
  expect([status, headers.get('content-type'), body]).toEqual([
    wanted,
    expect.stringMatching(/^application\/problem\+json/),
    expect.objectContaining({
      type: expect.any(String),
      title: expect.any(String),
      status: wanted,
      detail: expect.any(String),
      code,
      retryable: expect.any(Boolean),
    }),
  ]);
}

describe('HTTP', () => {
  test('goals: 202 with their place, one per idempotency key, read back as the contract says', { timeout: 2 * processMaxMs }, async () => {
    const node = await stage().node();
    const goal = { goal: 'Find every TODO', inputs: [{ kind: 'text', text: 'one\nTODO two\n' }] };
    const first = await ask(node, 'POST', '/v1/goals', goal, { 'idempotency-key': 'k1' });
    const id = String(first.body['id']);
    expect([first.status, first.headers.get('location'), Object.keys(first.body)]).toEqual([202, `/v1/goals/${id}`, ['id']]);
    expect(await ask(node, 'POST', '/v1/goals', goal, { 'idempotency-key': 'k1' })).toMatchObject({ status: 202, body: { id } });
    // The header and the field are the same thing.
    expect(await ask(node, 'POST', '/v1/goals', { ...goal, idempotencyKey: 'k1' })).toMatchObject({ status: 202, body: { id } });
    expectProblem(await ask(node, 'POST', '/v1/goals', { ...goal, goal: 'Another' }, { 'idempotency-key': 'k1' }), 409, 'idempotency_conflict');
    expectProblem(await ask(node, 'POST', '/v1/goals', { ...goal, idempotencyKey: 'k2' }, { 'idempotency-key': 'k1' }), 400, 'invalid_request');

    await until('it is complete', async () => (await ask(node, 'GET', `/v1/goals/${id}`)).body['status'] === 'completed');
    const read = await ask(node, 'GET', `/v1/goals/${id}`);
    expect(read.body).toEqual({
      id,
      status: 'completed',
      goal: 'Find every TODO',
      strategy: { type: 'single' },
      result: expect.stringContaining('TODO two'),
      usage: expect.objectContaining({ modelCalls: expect.any(Number), toolCalls: expect.any(Number), tokens: expect.any(Number) }),
      tasks: { total: 1, running: 0, completed: 1, failed: 0 },
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      endedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expectProblem(await ask(node, 'POST', `/v1/goals/${id}/cancel`), 409, 'goal_ended');
    expectProblem(await ask(node, 'POST', `/v1/goals/${id}/resume`), 409, 'goal_ended');
    expect(await ask(node, 'GET', `/v1/goals/${id}/artifacts`)).toMatchObject({ status: 200, body: { items: [], base: { files: [] }, patch: null } });
  });

  test('lists page through everything once, newest first, and by status', { timeout: 2 * processMaxMs }, async () => {
    const node = await stage().node();
    const ids: string[] = [];
    for (const name of ['one', 'two', 'three', 'four', 'five']) ids.unshift(await completed(node, { goal: name }));
    const seen: unknown[] = [];
    let after: unknown = null;
    do {
      const { body } = await ask(node, 'GET', `/v1/goals?limit=2${after === null ? '' : `&after=${encodeURIComponent(String(after))}`}`);
      const items = body['items'] as { id: string }[];
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map(({ id }) => id));
      after = body['next'];
    } while (after !== null);
    expect(seen).toEqual(ids);
    expect(((await ask(node, 'GET', '/v1/goals?status=completed')).body['items'] as unknown[]).length).toBe(5);
    expect((await ask(node, 'GET', '/v1/goals?status=failed')).body).toEqual({ items: [], next: null });
  });

  test('what is wrong is a problem with a code: 404, 400, and never half a goal', async () => {
    const node = await stage().node();
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/events'],
      ['GET', '/artifacts'],
      ['POST', '/cancel'],
      ['POST', '/resume'],
    ] as const)
      expectProblem(await ask(node, method, `/v1/goals/g-unknown${path}`), 404, 'goal_unknown');
    expectProblem(await ask(node, 'GET', '/v1/nothing'), 404, 'not_found');
    const bad: [unknown, string][] = [
      [{}, 'invalid_request'],
      [{ goal: '   ' }, 'invalid_request'],
      [{ goal: 'x', priority: 1 }, 'invalid_request'],
      [{ goal: 'x', agents: 0 }, 'invalid_request'],
      [{ goal: 'x', agents: 10_000 }, 'invalid_request'],
      [{ goal: 'x', quota: { maxTokens: -1 } }, 'invalid_request'],
      [{ goal: 'x', inputs: [{ kind: 'url', url: 'http://x' }] }, 'invalid_request'],
      [{ goal: 'x', strategy: 'swarm' }, 'strategy_unknown'],
      [{ goal: 'x', strategy: { type: 'swarm' } }, 'strategy_unknown'],
      [{ goal: 'x', profile: 'nobody' }, 'profile_unknown'],
      [{ goal: 'x', model: 'no-provider' }, 'model_unknown'],
      [{ goal: 'x', inputs: [{ kind: 'files', manifest: { files: [{ path: 'a', sha256: '0'.repeat(64), size: 1 }] } }] }, 'blob_unknown'],
      [{ goal: 'x', inputs: [{ kind: 'files', manifest: { files: [{ path: '../a', sha256: '0'.repeat(64), size: 1 }] } }] }, 'invalid_request'],
    ];
    for (const [goal, code] of bad) expectProblem(await ask(node, 'POST', '/v1/goals', goal), code === 'blob_unknown' ? 404 : 400, code);
    expectProblem(await ask(node, 'POST', '/v1/goals', { goal: 'x', inputs: [{ kind: 'path', path: '/etc' }] }), 403, 'path_not_allowed');
    expectProblem(await ask(node, 'POST', '/v1/goals', { goal: 'x'.repeat(2 ** 21) }), 413, 'frame_too_large');
    expectProblem(await ask(node, 'GET', '/v1/goals?limit=0'), 400, 'invalid_request');
    expectProblem(await ask(node, 'GET', '/v1/goals?order=up'), 400, 'invalid_request');
    expect((await ask(node, 'GET', '/v1/goals')).body).toEqual({ items: [], next: null });
  });

  test('says how it is: health, readiness, metrics, its own description, and a page', async () => {
    const node = await stage().node();
    expect(await ask(node, 'GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await ask(node, 'GET', '/readyz')).toMatchObject({ status: 200, body: { ready: true } });
    const metrics = await fetch(`${node.http}/metrics`);
    const lines = (await metrics.text()).trimEnd().split('\n');
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
    for (const line of lines) expect(line).toMatch(/^(# (TYPE|HELP) \w+ .+|flockwork_\w+(\{.*\})? [\d.e+-]+)$/);
    const { body } = await ask(node, 'GET', '/openapi.json');
    const paths = body['paths'] as Record<string, Record<string, unknown>>;
    expect(body['openapi']).toMatch(/^3\./);
    for (const [method, path] of [
      ['post', '/v1/goals'],
      ['get', '/v1/goals'],
      ['get', '/v1/goals/{id}'],
      ['get', '/v1/goals/{id}/events'],
      ['post', '/v1/goals/{id}/cancel'],
      ['post', '/v1/goals/{id}/resume'],
      ['get', '/v1/goals/{id}/artifacts'],
      ['post', '/v1/blobs'],
    ] as const)
      expect(Object.keys(paths[path] ?? {})).toContain(method);
    expect((await fetch(`${node.http}/`)).headers.get('content-type')).toMatch(/^text\/html/);
  });
});

describe('watching', () => {
  test('both transports tell the same, from the beginning, from each other’s cursors, and end with the goal', { timeout: 2 * processMaxMs }, async () => {
    const node = await stage().node();
    const id = await completed(node, { goal: 'Find every TODO', strategy: 'map-reduce', inputs: [{ kind: 'items', items: ['TODO a', 'TODO b', 'none'] }] });
    const events = `${node.http}/v1/goals/${id}/events`;
    // The stream ends by itself; without a cursor, with "0" and with "" it is the whole story.
    const blocks = await readSse(events);
    for (const { id: cursor, data } of blocks) expect(cursor).toBe(data?.['cursor']);
    const story = blocks.map(({ data }) => data);
    expect([story[0]?.['type'], story.at(-1)?.['type']]).toEqual(['goal.accepted', 'goal.completed']);
    for (const after of ['', '0']) expect((await readSse(`${events}?after=${after}`)).map(({ data }) => data)).toEqual(story);

    const peer = await Peer.open(node.ws);
    expect(await peer.call('goal.watch', { goalId: id })).toMatchObject({ jsonrpc: '2.0', result: { goalId: id } });
    await until('the watch has ended', () => peer.events(id).length >= story.length);
    expect(peer.events(id)).toEqual(story);
    // The answer to the watch was there before its first event.
    const first = peer.messages.findIndex(({ method }) => method === 'goal.event');
    expect(peer.messages.slice(0, first).some(({ result }) => result?.['goalId'] === id)).toBe(true);

    const middle = Math.floor(story.length / 2);
    const cursor = String(story[middle]?.['cursor']);
    expect((await readSse(events, { 'last-event-id': cursor })).map(({ data }) => data)).toEqual(story.slice(middle + 1));
    const other = await Peer.open(node.ws);
    await other.call('goal.watch', { goalId: id, after: cursor });
    await until('the rest has come', () => other.events(id).length >= story.length - middle - 1);
    expect(other.events(id)).toEqual(story.slice(middle + 1));
    // A cursor at the end leaves nothing to tell and does not wait for ever.
    expect((await readSse(events, { 'last-event-id': String(story.at(-1)?.['cursor']) })).filter(({ data }) => data !== undefined)).toEqual([]);
    expectProblem(await ask(node, 'GET', `/v1/goals/${id}/events`, undefined, { 'last-event-id': 'elsewhere-1-0' }), 410, 'cursor_unknown');
    peer.close();
    other.close();
  });

  test('a cursor outlives the node that gave it', { timeout: 3 * processMaxMs }, async () => {
    const node = await stage().node();
    const id = await completed(node, { goal: 'hello' });
    const story = (await readSse(`${node.http}/v1/goals/${id}/events`)).map(({ data }) => data);
    node.child.kill('SIGKILL');
    await node.ended;
    const next = await stage().node();
    const rest = await readSse(`${next.http}/v1/goals/${id}/events`, { 'last-event-id': String(story[2]?.['cursor']) });
    expect(rest.map(({ data }) => data)).toEqual(story.slice(3));
  });

  test('running text comes only to who asks for it, without a place in the story', { timeout: 2 * processMaxMs }, async () => {
    const text = 'one two three four five six seven eight nine ten';
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const { env } = await stage().model({ script: () => begun.then(() => ({ text, pieceMs: 20 })) });
    const node = await stage().node(['--model', 'openai/any'], { env });
    const id = String((await ask(node, 'POST', '/v1/goals', { goal: 'count', strategy: 'single' })).body['id']);
    const events = `${node.http}/v1/goals/${id}/events`;
    const peer = await Peer.open(node.ws);
    await peer.call('goal.watch', { goalId: id, deltas: true });
    const silent = await Peer.open(node.ws);
    await silent.call('goal.watch', { goalId: id });
    const streams = Promise.all([readSse(`${events}?deltas=true`), readSse(events)]);
    await until('both streams are there', async () => /flockwork_gateway_watches 4$/m.test(await (await fetch(`${node.http}/metrics`)).text()));
    begin();
    const [withDeltas, without] = await streams;
    const deltas = withDeltas.filter(({ event }) => event === 'goal.delta');
    expect(deltas.length).toBeGreaterThan(1);
    for (const delta of deltas) {
      expect(delta.id).toBeUndefined();
      expect(Object.keys(delta.data ?? {}).sort()).toEqual(['actor', 'call', 'epoch', 'goalId', 'offset', 'text']);
    }
    expect(deltas.map(({ data }) => data?.['text']).join('')).toBe(text);
    expect(withDeltas.filter(({ event }) => event === undefined)).toEqual(without);
    expect(without.some(({ event }) => event === 'goal.delta')).toBe(false);
    await until('the peers have the end', () => [peer, silent].every((one) => one.events(id).at(-1)?.['type'] === 'goal.completed'));
    const heard = peer.messages.filter(({ method }) => method === 'goal.delta').map(({ params }) => params?.['text']);
    expect(heard.join('')).toBe(text);
    expect(silent.messages.some(({ method }) => method === 'goal.delta')).toBe(false);
    peer.close();
    silent.close();
  });

  test('the first call opens; all methods answer; unknown ones, batches and early ones do not', { timeout: 2 * processMaxMs }, async () => {
    const node = await stage().node();
    const peer = await Peer.connect(node.ws);
    expect(await peer.call('goal.list')).toMatchObject({ error: { code: -32_000, data: { code: 'not_open', retryable: false } } });
    expect(await peer.call('connection.open', { version: 2 })).toMatchObject({ error: { data: { code: 'version_unsupported' } } });
    const opened = await peer.call('connection.open', { version: 1 });
    expect(opened.result).toEqual({ version: 1, node: expect.any(String), tenant: 'default', limits: expect.any(Object) });
    const submitted = await peer.call('goal.submit', { goal: 'hello', idempotencyKey: 'a' });
    const id = String(submitted.result?.['id']);
    await peer.call('goal.watch', { goalId: id });
    await until('the goal has ended', () => peer.events(id).at(-1)?.['type'] === 'goal.completed');
    expect(await peer.call('goal.get', { goalId: id })).toMatchObject({ result: { id, status: 'completed' } });
    expect(await peer.call('goal.list', { limit: 10 })).toMatchObject({ result: { items: [{ id }], next: null } });
    expect(await peer.call('goal.cancel', { goalId: id })).toMatchObject({ error: { code: -32_000, data: { code: 'goal_ended' } } });
    expect(await peer.call('goal.cancel', { goalId: 'nobody' })).toMatchObject({ error: { data: { code: 'goal_unknown' } } });
    expect(await peer.call('goal.resume', { goalId: id })).toMatchObject({ error: { data: { code: 'goal_ended' } } });
    expect(await peer.call('goal.submit', { goal: 'another', idempotencyKey: 'a' })).toMatchObject({ error: { data: { code: 'idempotency_conflict' } } });
    expect(await peer.call('artifact.list', { goalId: id })).toMatchObject({ result: { items: [], patch: null } });
    expect(await peer.call('node.list')).toMatchObject({ result: { items: [{ roles: ['gateway', 'coordinator', 'worker'] }] } });
    expect(await peer.call('config.get')).toMatchObject({ result: { values: { http: { port: 0 } }, hash: expect.any(String) } });
    expect(await peer.call('ping')).toMatchObject({ result: {} });
    const bytes = Buffer.from('a blob');
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(await peer.call('blob.put', { sha256, offset: 0, size: bytes.length, data: bytes.toString('base64') })).toMatchObject({
      result: { sha256, complete: true },
    });
    expect(await peer.call('blob.get', { sha256 })).toMatchObject({ result: { size: 6, data: bytes.toString('base64') } });
    expect(await peer.call('goal.fly')).toMatchObject({ error: { code: -32_601, data: { code: 'method_unknown' } } });
    peer.socket.send('[{"jsonrpc":"2.0","id":99,"method":"ping"}]');
    await until('the batch is refused', () => peer.messages.some(({ id: answered, error }) => answered === null && error?.data.code === 'invalid_request'));
    expect(await peer.call('ping')).toMatchObject({ result: {} });
    peer.close();
  });
});
