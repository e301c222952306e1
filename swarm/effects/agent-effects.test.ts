import { describe, expect, test } from 'vitest';
import type { EffectContext } from '../../actors/cell/cell-options.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import type { Artifact } from '../../protocols/goals/goal.ts';
import { agentFold, assign } from '../../test/histories/agent.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { agentEffects } from './agent-effects.ts';

const artifact = (index: number): Artifact => ({
  task: 't0',
  path: `src/some/folder/of/the/project/module-${index}/file-with-a-name-${index}.ts`,
  change: 'modified',
  sha256: 'c'.repeat(64),
  size: 12_345,
});

/** What a collection of so many changed files answers. */
async function collected(count: number): Promise<Readonly<Record<string, unknown>>> {
  const artifacts = Array.from({ length: count }, (_, index) => artifact(index));
  const host = { tools: { collect: async () => artifacts }, bus: { blobs: { put: async () => 'd'.repeat(64) } } } as unknown as SwarmHost;
  const fold = agentFold();
  fold.step(assign(), 1);
  const context: EffectContext = {
    address: { tenant: 'acme', root: 'g1', actor: 'agent-t0-1' },
    key: 'k',
    epoch: 1,
    table: fold.table,
    signal: new AbortController().signal,
  };
  return (await agentEffects(host)({ type: 'workspace.collect', ref: 'collect' }, context)) ?? {};
}

describe('collecting what changed', () => {
  test('a few files are listed', async () => expect(await collected(3)).toMatchObject({ count: 3, artifacts: [artifact(0), artifact(1), artifact(2)] }));

  test('many are a blob', async () => expect(await collected(500)).toEqual({ type: 'workspace.collected', count: 500, artifactsBlob: 'd'.repeat(64) }));

  test.each([20, 60, 100])('%i files and the longest answer that travels inline fit into one fact', async (count) => {
    const answer = await collected(count);
    const { type: _type, count: changed, ...files } = answer;
    const data = { task: 't0', attempt: 1, usage: {}, result: '汉'.repeat(16_000), truncated: false, changed, ...files };
    expect(() => sealRecord('', { n: 9, at: 1, inputJson: '{}', facts: [{ seq: 9, type: 'agent.answered', data }] }, '')).not.toThrow();
  });
});
