import { describe, expect, test } from 'vitest';
import { codeOf, type OpenBus, openerFor, until } from '../harness.ts';

/** A ttl that a test can wait for; what is not to expire is renewed or asked for much sooner. Milliseconds. */
const shortTtlMs = 1_000;

/** What every registry keeps, whoever implements it. */
export function registryConformance(name: string, open: OpenBus): void {
  describe(`registry: ${name}`, () => {
    const opened = openerFor(open);

    test('gives back what was created, with its revision', async () => {
      const { registry } = (await opened()).bus;
      expect(await registry.get('shard.1')).toBeUndefined();
      const revision = await registry.create('shard.1', '{"node":"a"}');
      expect(revision).toBeGreaterThan(0);
      expect(await registry.get('shard.1')).toEqual({ key: 'shard.1', value: '{"node":"a"}', revision });
    });

    test('creates a key once', async () => {
      const { registry } = (await opened()).bus;
      await registry.create('shard.1', '"a"');
      expect(await codeOf(registry.create('shard.1', '"b"'))).toBe('registry_conflict');
      expect((await registry.get('shard.1'))?.value).toBe('"a"');
    });

    test('lets one of twenty creators win', async () => {
      const { registry } = (await opened()).bus;
      const codes = await Promise.all(Array.from({ length: 20 }, (_, at) => codeOf(registry.create('shard.1', `"${at}"`))));
      expect(codes.filter((code) => code === 'resolved')).toHaveLength(1);
      expect(codes.filter((code) => code === 'registry_conflict')).toHaveLength(19);
      expect((await registry.get('shard.1'))?.value).toBe(`"${codes.indexOf('resolved')}"`);
    });

    test('updates and deletes at the revision that was read, and at no other', async () => {
      const { registry } = (await opened()).bus;
      const first = await registry.create('shard.1', '"a"');
      const second = await registry.update('shard.1', '"b"', first);
      expect(second).toBeGreaterThan(first);
      expect(await codeOf(registry.update('shard.1', '"c"', first))).toBe('registry_conflict');
      expect(await codeOf(registry.delete('shard.1', first))).toBe('registry_conflict');
      expect(await registry.get('shard.1')).toEqual({ key: 'shard.1', value: '"b"', revision: second });
      await registry.delete('shard.1', second);
      expect(await registry.get('shard.1')).toBeUndefined();
      expect(await codeOf(registry.update('shard.1', '"d"', second))).toBe('registry_conflict');
    });

    test('lets one of many updates at one revision win', async () => {
      const { registry } = (await opened()).bus;
      const revision = await registry.create('shard.1', '"a"');
      const codes = await Promise.all(Array.from({ length: 10 }, (_, at) => codeOf(registry.update('shard.1', `"${at}"`, revision))));
      expect(codes.filter((code) => code === 'resolved')).toHaveLength(1);
    });

    test('revisions grow over keys and deletions', async () => {
      const { registry } = (await opened()).bus;
      const revisions = [await registry.create('a', '1')];
      revisions.push(await registry.create('b', '1'));
      await registry.delete('a', revisions[0] ?? 0);
      revisions.push(await registry.create('a', '2'));
      revisions.push(await registry.update('b', '2', revisions[1] ?? 0));
      expect(revisions).toEqual([...new Set(revisions)].sort((one, two) => one - two));
    });

    test('forgets a key after its ttl, and its next revision is larger', async () => {
      const { registry } = (await opened()).bus;
      const first = await registry.create('lease', '"a"', { ttlMs: shortTtlMs });
      expect(await codeOf(registry.create('lease', '"b"'))).toBe('registry_conflict');
      await until('the key expired', async () => (await registry.get('lease')) === undefined);
      expect(await registry.list('')).toEqual([]);
      expect(await codeOf(registry.update('lease', '"a"', first))).toBe('registry_conflict');
      expect(await registry.create('lease', '"b"', { ttlMs: shortTtlMs })).toBeGreaterThan(first);
    });

    test('an update counts the ttl again from then', async () => {
      const { registry } = (await opened()).bus;
      let revision = await registry.create('lease', '"a"', { ttlMs: shortTtlMs });
      await registry.create('witness', '"a"', { ttlMs: shortTtlMs });
      await until('a key that nobody renewed expired', async () => {
        revision = await registry.update('lease', '"a"', revision);
        return (await registry.get('witness')) === undefined;
      });
      expect((await registry.get('lease'))?.revision).toBe(revision);
      await until('the other expired, too', async () => (await registry.get('lease')) === undefined);
    });

    test('lists live keys by prefix, in order', async () => {
      const { registry } = (await opened()).bus;
      for (const key of ['shard.2', 'node.a', 'shard.10', 'shard.1', 'shards']) await registry.create(key, `"${key}"`);
      expect((await registry.list('shard.')).map((entry) => entry.key)).toEqual(['shard.1', 'shard.10', 'shard.2']);
      expect((await registry.list('')).map((entry) => entry.value)).toEqual(['"node.a"', '"shard.1"', '"shard.10"', '"shard.2"', '"shards"']);
    });

    test('refuses what is no key and what is too large', async () => {
      const { registry } = (await opened()).bus;
      for (const key of ['', 'a..b', 'a b', 'a.*', '>']) expect(await codeOf(registry.create(key, '1'))).toBe('subject_invalid');
      expect(await codeOf(registry.create('a', `"${'x'.repeat(65_536)}"`))).toBe('invalid_request');
    });

    test('keys without a ttl survive a reopening, and revisions go on growing', async () => {
      const { bus, reopen } = await opened();
      const kept = await bus.registry.create('kept', '"a"');
      const gone = await bus.registry.create('gone', '"a"');
      await bus.registry.delete('gone', gone);
      const { registry } = await reopen();
      expect(await registry.get('kept')).toEqual({ key: 'kept', value: '"a"', revision: kept });
      expect(await registry.create('gone', '"b"')).toBeGreaterThan(gone);
    });
  });
}
