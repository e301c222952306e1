import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { codeOf, collect, type OpenBus, openerFor } from '../harness.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What every blob store keeps, whoever implements it. */
export function blobsConformance(name: string, open: OpenBus): void {
  describe(`blobs: ${name}`, () => {
    const opened = openerFor(open);

    test('answers the hash of what was stored and gives the bytes back', async () => {
      const { blobs } = (await opened()).bus;
      for (const bytes of [text('hello'), new Uint8Array(0), randomBytes(700_000)]) {
        const hash = await blobs.put('acme', bytes);
        expect(hash).toBe(sha256(bytes));
        expect(Buffer.compare(await blobs.get('acme', hash), bytes)).toBe(0);
        expect(await blobs.size('acme', hash)).toBe(bytes.byteLength);
      }
    });

    test('stores equal bytes once, also when they come at once', async () => {
      const { blobs } = (await opened()).bus;
      const bytes = randomBytes(10_000);
      const hashes = await Promise.all(Array.from({ length: 8 }, () => blobs.put('acme', bytes)));
      await blobs.put('acme', bytes);
      expect(new Set(hashes).size).toBe(1);
      expect(await collect(blobs.list('acme'))).toEqual([{ sha256: sha256(bytes), size: 10_000, storedAt: expect.any(Number) }]);
    });

    test('keeps tenants apart', async () => {
      const { blobs } = (await opened()).bus;
      const hash = await blobs.put('acme', text('secret of acme'));
      expect(await codeOf(blobs.get('zeta', hash))).toBe('blob_unknown');
      expect(await blobs.size('zeta', hash)).toBeUndefined();
      expect(await collect(blobs.list('zeta'))).toEqual([]);
      await blobs.delete('zeta', hash);
      expect(await blobs.size('acme', hash)).toBe(14);
    });

    test('knows no blob that was never stored, or was deleted', async () => {
      const { blobs } = (await opened()).bus;
      expect(await codeOf(blobs.get('acme', sha256(text('nothing'))))).toBe('blob_unknown');
      expect(await codeOf(blobs.get('acme', 'not a hash'))).toBe('blob_unknown');
      const hash = await blobs.put('acme', text('gone'));
      await blobs.delete('acme', hash);
      await blobs.delete('acme', hash);
      expect(await codeOf(blobs.get('acme', hash))).toBe('blob_unknown');
      expect(await collect(blobs.list('acme'))).toEqual([]);
    });

    test('lists all blobs of a tenant', async () => {
      const { blobs } = (await opened()).bus;
      const hashes = await Promise.all(Array.from({ length: 20 }, (_, at) => blobs.put('acme', text(`blob ${at}`))));
      expect((await collect(blobs.list('acme'))).map((blob) => blob.sha256).sort()).toEqual([...hashes].sort());
    });

    test('refuses names that are no tokens', async () => {
      const { blobs } = (await opened()).bus;
      for (const tenant of ['', '..', '../acme', 'a/b', 'a.b']) expect(await codeOf(blobs.put(tenant, text('a')))).toBe('subject_invalid');
      for (const wrong of ['', '..', '../a', 'a/../b', 'a//b', '/a', 'a/']) expect(await codeOf(blobs.putNamed(wrong, text('a')))).toBe('subject_invalid');
    });

    test('a named blob is replaced as a whole', async () => {
      const { blobs } = (await opened()).bus;
      expect(await blobs.getNamed('acme/goal-1/agent')).toBeUndefined();
      await blobs.putNamed('acme/goal-1/agent', text('first'));
      await blobs.putNamed('acme/goal-1/agent', text('second, and longer'));
      await blobs.putNamed('acme/goal-1', text('a name that begins the other'));
      expect(Buffer.from((await blobs.getNamed('acme/goal-1/agent')) ?? []).toString()).toBe('second, and longer');
      expect(Buffer.from((await blobs.getNamed('acme/goal-1')) ?? []).toString()).toBe('a name that begins the other');
      await blobs.deleteNamed('acme/goal-1/agent');
      await blobs.deleteNamed('acme/goal-1/agent');
      expect(await blobs.getNamed('acme/goal-1/agent')).toBeUndefined();
    });

    test('blobs and named blobs survive a reopening', async () => {
      const { bus, reopen } = await opened();
      const hash = await bus.blobs.put('acme', text('kept'));
      await bus.blobs.putNamed('acme/goal-1/agent', text('kept, too'));
      const { blobs } = await reopen();
      expect(Buffer.from(await blobs.get('acme', hash)).toString()).toBe('kept');
      expect(Buffer.from((await blobs.getNamed('acme/goal-1/agent')) ?? []).toString()).toBe('kept, too');
    });
  });
}
