/** @needs nats-server */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { openingsMax } from '../../../actors/cell/bounds.ts';
import { failureOf } from '../../../protocols/errors/error.ts';
import { taskVersion } from '../../../protocols/goals/task.ts';
import { inboxSubject, taskSubject } from '../../../protocols/subjects.ts';
import { findNatsServer } from '../../../scripts/services/nats.ts';
import { connect } from '../../../src/client/index.ts';
import type { MockScript } from '../../../src/testing/mock-model/index.ts';
import { allotment, taskSpec } from '../../histories/agent.ts';
import { Cluster } from './cluster.ts';
import { Ledger } from './ledger.ts';
import { untilEnded } from './load.ts';

const endWaitMs = 60_000;

/** The item `bad` ends whoever works on it. */
const script: MockScript = ({ role, user }) =>
  role === 'map' && user.includes('bad') ? { toolCalls: [{ name: 'node.crash', input: {} }] } : { text: `${role} done` };

describe.skipIf(findNatsServer() === undefined)('what nobody should have sent', () => {
  let cluster: Cluster | undefined;
  let ledger: Ledger | undefined;
  afterEach(async () => {
    await ledger?.close();
    await cluster?.close();
    ledger = undefined;
    cluster = undefined;
  });

  test(`a task that kills its worker every time is given up after ${openingsMax} openings, and its goal ends by its failure policy`, async () => {
    const running = await Cluster.start(0, {
      script,
      node: { leaseMs: 1_000, ackWaitMs: 1_500, settings: { 'strategy.taskAttemptsMax': 1, 'profiles.crashing': { tools: ['node.crash'] } } },
    });
    cluster = running;
    const gateway = await running.join({ roles: ['gateway', 'coordinator'] });
    ledger = await Ledger.open(running.bus.urls);
    const client = await connect(gateway.url);
    const { id } = await client.submit({
      goal: 'work',
      profile: 'crashing',
      strategy: { type: 'map-reduce', onFailure: 'partial' },
      inputs: [{ kind: 'items', items: ['good', 'bad', 'fine'] }],
    });
    const done = untilEnded(ledger, running, 1, endWaitMs).then(() => 'done' as const);
    let deaths = 0;
    // Somebody starts the worker again each time, as a supervisor of processes does.
    while ((await Promise.race([running.join({ roles: ['worker'] }).then(({ ended }) => ended), done])) !== 'done') deaths += 1;
    const goal = await client.get(id);
    // One part failed, and the policy takes what there is.
    expect(goal.status, running.stderr).toBe('completed');
    expect(goal.tasks).toMatchObject({ failed: 1 });
    const poisoned = [...ledger.actors.values()].filter(({ facts }) => facts.has('actor.poisoned'));
    // The first worker answered for it once, by its model; those after it got no further.
    expect(poisoned.map(({ openings }) => openings.length)).toEqual([1 + openingsMax]);
    expect(deaths).toBeGreaterThanOrEqual(openingsMax);
    expect(ledger.broken).toEqual([]);
    expect((await client.verify(id)).ok).toBe(true);
    await client.close();
  }, 120_000);

  test('messages of a tenant that nobody knows are refused: by the gateway, by a worker, by the owner of the shard', async () => {
    cluster = await Cluster.start(1, {
      script,
      node: { settings: { 'auth.mode': 'token', 'auth.tokens': [{ tenant: 'acme', sha256: createHash('sha256').update('a token of acme').digest('hex') }] } },
    });
    ledger = await Ledger.open(cluster.bus.urls);
    const { url } = cluster.node(0);
    const refused = await connect(url, { token: 'a-token-that-nobody-has-given-out' })
      .then((client) => client.submit({ goal: 'x' }))
      .then(
        () => 'taken',
        (error: unknown) => failureOf(error).code,
      );
    expect(refused).toBe('unauthorized');
    const { bus } = ledger;
    const task = { v: taskVersion, tenant: 'ghost', root: 'g1', task: 't0', attempt: 1, pool: 'default', priority: 5, allotment, spec: taskSpec };
    await bus.tasks.push({ subject: taskSubject({ ...task, task: 't0-1' }), id: 'stray-task', body: JSON.stringify(task) });
    await bus.inbox.push({
      subject: inboxSubject({ tenant: 'ghost', root: 'g1', actor: 'coordinator' }, 'nobody'),
      id: 'stray-message',
      body: JSON.stringify({ type: 'goal.note', text: 'hello' }),
    });
    await expect
      .poll(async () => [...(await bus.tasks.dead()), ...(await bus.inbox.dead())].map(({ id, reason }) => `${id}: ${reason}`), { timeout: 20_000 })
      .toEqual(["stray-task: there is no goal 'g1' of tenant 'ghost'", "stray-message: there is no root 'g1'"]);
    expect([cluster.model.calls.length, ledger.actors.size]).toEqual([0, 0]);
  }, 60_000);
});
