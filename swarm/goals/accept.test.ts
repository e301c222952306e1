import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textHash } from '../../actors/cell/chain.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import type { Blobs } from '../../actors/ports/blobs.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { type GoalSubmission, quotaDefault } from '../../protocols/goals/goal.ts';
import type { GoalSettings } from '../swarm-host.ts';
import { acceptGoal, idempotentGoalId, mergeQuota, submissionHash } from './accept.ts';
import { type Part, splitParts } from './parts.ts';

/** Blobs in memory: what is put can be read. */
function memory(): { blobs: Blobs; stored: Map<string, string> } {
  const stored = new Map<string, string>();
  const blobs = {
    put: async (_tenant: string, bytes: Uint8Array) => {
      const text = new TextDecoder().decode(bytes);
      stored.set(textHash(text), text);
      return textHash(text);
    },
    size: async (_tenant: string, sha256: string) => stored.get(sha256)?.length,
  } as unknown as Blobs;
  return { blobs, stored };
}

const settings: GoalSettings = {
  quota: quotaDefault,
  agents: 3,
  fanIn: 8,
  taskAttemptsMax: 3,
  stragglerFactor: 3,
  profile: (name = 'default', model = 'x/y') => ({ name, model, modelWhy: 'test', system: 's', tools: [], outputTokensMax: 400, pool: 'default' }),
  snapshotPath: async () => ({ files: [] }),
};

async function accepted(submission: GoalSubmission): Promise<{ input: Awaited<ReturnType<typeof acceptGoal>>; parts: Part[] }> {
  const { blobs, stored } = memory();
  const input = await acceptGoal(submission, 'g1', 'acme', settings, blobs);
  const { plan } = input;
  return { input, parts: 'parts' in plan ? [...plan.parts] : (JSON.parse(stored.get(plan.blob) ?? 'null') as Part[]) };
}

const refusal = (submission: GoalSubmission): Promise<string> =>
  accepted(submission).then(
    () => 'accepted',
    (error: unknown) => failureOf(error).code,
  );
const text = (length: number, letter = 'x'): GoalSubmission['inputs'] => [{ kind: 'text', text: letter.repeat(length) }];

describe('accepting a goal', () => {
  test('without inputs one agent works on it', async () => {
    const { input, parts } = await accepted({ goal: 'think' });
    expect([input.strategy.type, input.plan.count, parts]).toEqual(['single', 1, [{ name: 'the whole goal' }]]);
  });

  test('many items are mapped, each a part of its own', async () => {
    const { input, parts } = await accepted({ goal: 'count', inputs: [{ kind: 'items', items: ['a', 'b', 'c'] }] });
    expect([input.strategy, parts.map((part) => part.text)]).toEqual([{ type: 'map-reduce', fanIn: 8 }, ['a', 'b', 'c']]);
  });

  test('a short plan stands in the first record, a long one is a blob', async () => {
    const { input: short } = await accepted({ goal: 'count', inputs: [{ kind: 'items', items: ['a', 'b'] }] });
    expect(short.plan).toEqual({
      count: 2,
      parts: [
        { name: 'item 1', text: 'a' },
        { name: 'item 2', text: 'b' },
      ],
    });
    const { input: long, parts } = await accepted({ goal: 'count', inputs: [{ kind: 'items', items: ['a'.repeat(9_000), 'b'] }] });
    expect(long.plan).toEqual({ count: 2, blob: textHash(JSON.stringify(parts)) });
    expect(parts.map((part) => part.text?.length)).toEqual([9_000, 1]);
  });

  test('quotas that are not asked for are the default', () => {
    expect(mergeQuota(quotaDefault, { maxTokens: 5 })).toEqual({ ...quotaDefault, maxTokens: 5 });
    expect(mergeQuota(quotaDefault, undefined)).toEqual(quotaDefault);
  });

  test('a manifest whose blobs were not sent is refused', async () => {
    expect(await refusal({ goal: 'x', inputs: [{ kind: 'files', manifest: { files: [{ path: 'a', sha256: 'a'.repeat(64), size: 1 }] } }] })).toBe(
      'blob_unknown',
    );
  });

  test.each([
    ['a single agent', { goal: 'read', strategy: 'single' as const, inputs: text(600_000) }],
    ['a single agent, in another alphabet', { goal: 'read', strategy: 'single' as const, inputs: text(200_000, '汉') }],
    [
      'a single agent, in many items',
      { goal: 'read', strategy: 'single' as const, inputs: [{ kind: 'items' as const, items: Array.from({ length: 20 }, () => 'y'.repeat(40_000)) }] },
    ],
  ])('what does not fit into the first record of %s is refused at once', async (_what, submission) =>
    expect(await refusal(submission)).toBe('input_too_large'),
  );

  test('a strategy whose prompts no fact could tell is refused', async () => {
    const stages = Array.from({ length: 3 }, (_, at) => ({ name: `s${at}`, prompt: 'p'.repeat(12_000) }));
    expect(await refusal({ goal: 'x', strategy: { type: 'pipeline', stages } })).toBe('input_too_large');
    expect((await accepted({ goal: 'x', strategy: { type: 'pipeline', stages: stages.slice(1) } })).input.strategy).toMatchObject({ type: 'pipeline' });
  });

  test('what chose the strategy is told where nobody named one; a model that can is left to choose', async () => {
    const items = (...names: string[]): GoalSubmission['inputs'] => [{ kind: 'items', items: names }];
    const chosen = async (submission: Partial<GoalSubmission>): Promise<unknown[]> => {
      const { strategy, chosenBy, partNames, fanIn } = (await accepted({ goal: 'x', ...submission })).input;
      return [strategy.type, chosenBy, partNames, fanIn];
    };
    expect(await chosen({})).toEqual(['single', 'rules', undefined, undefined]);
    expect(await chosen({ strategy: 'single' })).toEqual(['single', undefined, undefined, undefined]);
    expect(await chosen({ inputs: items('left', 'right') })).toEqual(['map-reduce', 'rules', ['left', 'right'], undefined]);
    expect(await chosen({ strategy: 'auto', inputs: items('left', 'right') })).toEqual(['map-reduce', 'rules', ['left', 'right'], undefined]);
    expect(await chosen({ strategy: 'auto', inputs: items('left') })).toEqual(['auto', undefined, undefined, settings.fanIn]);
  });

  test('the same text is taken in parts', async () => {
    const { input, parts } = await accepted({ goal: 'read', inputs: text(600_000) });
    expect([input.strategy.type, parts.map((part) => part.text).join('').length]).toEqual(['map-reduce', 600_000]);
  });

  test('the largest part that is taken fits into a record of its agent', async () => {
    const { input, parts } = await accepted({ goal: 'read', strategy: 'single', inputs: text(200_000) });
    const spec = { system: 's', prompt: input.goal, material: parts };
    expect(() => sealRecord('', { n: 1, at: 1, inputJson: JSON.stringify({ type: 'agent.assign', spec }), facts: [] }, '')).not.toThrow();
  });
});

describe('idempotency', () => {
  test('a body is the same whatever the order of its fields, and the key is no part of it', () => {
    const one: GoalSubmission = { goal: 'x', agents: 2, quota: { maxTokens: 1, maxTicks: 2 }, idempotencyKey: 'k1' };
    const two: GoalSubmission = { idempotencyKey: 'k2', quota: { maxTicks: 2, maxTokens: 1 }, agents: 2, goal: 'x' };
    expect(submissionHash(one)).toBe(submissionHash(two));
    expect(submissionHash({ ...one, agents: 3 })).not.toBe(submissionHash(one));
  });

  test('an id is made from tenant and key, and is a subject token', () => {
    expect(idempotentGoalId('acme', 'k')).toBe(idempotentGoalId('acme', 'k'));
    expect(idempotentGoalId('acme', 'k')).not.toBe(idempotentGoalId('other', 'k'));
    expect(idempotentGoalId('acme', 'ein Schlüssel *.>')).toMatch(/^[A-Za-z0-9_-]+$/);
  });
});

describe('parts', () => {
  const material = (more: Partial<Parameters<typeof splitParts>[0]>) => ({ texts: [], items: [], manifest: null, ...more });

  test('no character of a text is lost or doubled, and no piece is above its bound', () => {
    const paragraph = fc.string({ maxLength: 300 }).chain((line) => fc.integer({ min: 1, max: 300 }).map((times) => `${line.repeat(times)}\n\n`));
    fc.assert(
      fc.property(fc.array(paragraph, { maxLength: 12 }), (paragraphs) => {
        const whole = paragraphs.join('');
        const pieces = splitParts(material({ texts: [{ name: 'n', text: whole }] }), 3).map((part) => part.text ?? '');
        expect(pieces.join('')).toBe(whole);
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(24_000);
      }),
      { numRuns: 50 },
    );
  });

  test('each file is in exactly one part, neighbours stay together, and no part has too many', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(80_000), { minLength: 1, maxLength: 200 }), fc.integer({ min: 1, max: 16 }), (sizes, agents) => {
        const files = sizes.map((size, index) => ({ path: `d/${String(index).padStart(4, '0')}`, sha256: 'a'.repeat(64), size }));
        const parts = splitParts(material({ manifest: { files } }), agents);
        expect(parts.flatMap((part) => part.files ?? [])).toEqual(files.map(({ path }) => path));
        for (const part of parts) expect(part.files?.length ?? 0).toBeLessThanOrEqual(40);
      }),
      { numRuns: 100 },
    );
  });
});
