import { describe, expect, test } from 'vitest';
import { Cell } from '../../../actors/cell/cell.ts';
import { loadFold, snapshotName } from '../../../actors/cell/load.ts';
import type { Blobs } from '../../../actors/ports/blobs.ts';
import type { Bus } from '../../../actors/ports/bus.ts';
import { type OpenBus, openerFor, until } from '../harness.ts';
import { asks, begin, does, probe, probeKinds, probeStream, reopened, replayed, timer } from './probe.ts';

const bounds = { snapshotRecords: 8 };

async function longLived(bus: Bus): Promise<string> {
  const cell = await Cell.create(probe({ bus, bounds, perform: () => new Promise(() => undefined) }).options, begin({ emit: [asks('a'), timer('t', 60_000)] }));
  for (let add = 0; add < 20; add++) await cell.post(does({ add, id: `m${add}` }));
  await until('a snapshot stands', async () => (await loadFold(bus, probeKinds, probeStream, 10)).snapshotAt > 0);
  cell.stop();
  return cell.canonical();
}

async function damage(bus: Bus, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const bytes = await bus.blobs.getNamed(snapshotName(probeStream));
  if (bytes === undefined) throw new Error('there is no snapshot');
  await bus.blobs.putNamed(snapshotName(probeStream), change(Uint8Array.from(bytes)));
}

/** The methods of a blob store, bound to it, to be wrapped one by one. */
function methodsOf(blobs: Blobs): Blobs {
  return {
    put: (tenant, bytes) => blobs.put(tenant, bytes),
    get: (tenant, sha256) => blobs.get(tenant, sha256),
    size: (tenant, sha256) => blobs.size(tenant, sha256),
    delete: (tenant, sha256) => blobs.delete(tenant, sha256),
    list: (tenant) => blobs.list(tenant),
    putNamed: (name, bytes) => blobs.putNamed(name, bytes),
    getNamed: (name) => blobs.getNamed(name),
    deleteNamed: (name) => blobs.deleteNamed(name),
  };
}

/** Snapshots cost or save time; they never change what an actor is. */
export function snapshotConformance(name: string, open: OpenBus): void {
  describe(`a cell on the ${name} bus: snapshots`, () => {
    const opened = openerFor(open);

    test('snapshot and tail are the full fold, byte for byte', async () => {
      const { bus } = await opened();
      const live = await longLived(bus);
      const { fold, snapshotAt } = await loadFold(bus, probeKinds, probeStream, 10_000);
      expect(snapshotAt).toBeGreaterThan(0);
      expect(fold?.canonical()).toBe(live);
      expect(await replayed(bus)).toBe(live);
    });

    test('a lost snapshot costs time, never truth', async () => {
      const { bus } = await opened();
      const live = await longLived(bus);
      await bus.blobs.deleteNamed(snapshotName(probeStream));
      const { fold, snapshotAt } = await loadFold(bus, probeKinds, probeStream, 10_000);
      expect(snapshotAt).toBe(0);
      expect(fold?.canonical()).toBe(live);
    });

    test.each([
      ['cut short', (bytes: Uint8Array) => bytes.slice(0, bytes.length / 2)],
      ['empty', () => new Uint8Array()],
      [
        'with one byte flipped in its state',
        (bytes: Uint8Array) => {
          const at = Buffer.from(bytes).indexOf('"total":') + 8;
          return bytes.with(at, (bytes[at] ?? 0) ^ 1);
        },
      ],
    ])('a snapshot %s is not believed: the journal is folded from its beginning', async (_what, change) => {
      const { bus } = await opened();
      const live = await longLived(bus);
      await damage(bus, change);
      const { fold } = await loadFold(bus, probeKinds, probeStream, 10_000);
      expect(fold?.canonical()).toBe(live);
    });

    describe('of a store whose journal was restored from before the snapshot', () => {
      const records = async (bus: Bus, adds: number): Promise<string> => {
        const cell = await Cell.create(probe({ bus, salts: 'restored', perform: () => new Promise(() => undefined) }).options, begin());
        for (let add = 0; add < adds; add++) await cell.post(does({ add, id: `other${add}` }));
        cell.stop();
        return cell.canonical();
      };
      const withLaterSnapshot = async (bus: Bus): Promise<void> => {
        const { bus: later } = await opened();
        await longLived(later);
        const bytes = await later.blobs.getNamed(snapshotName(probeStream));
        if (bytes === undefined) throw new Error('there is no snapshot');
        await bus.blobs.putNamed(snapshotName(probeStream), bytes);
      };

      test.each([
        ['ends before it', 3],
        ['has gone on in another way', 30],
      ])('a journal that %s is folded from its beginning, and goes on', async (_what, adds) => {
        const { bus } = await opened();
        const live = await records(bus, adds);
        await withLaterSnapshot(bus);
        const { fold, snapshotAt } = await loadFold(bus, probeKinds, probeStream, 10_000);
        expect([fold?.canonical(), snapshotAt]).toEqual([live, 0]);
        const cell = await reopened(probe({ bus, node: 'n2' }).options);
        await cell.post(does({ add: 1 }));
        expect(await replayed(bus)).toBe(cell.canonical());
        cell.stop();
      });

      test('an actor that did not exist yet does not exist', async () => {
        const { bus } = await opened();
        await withLaterSnapshot(bus);
        expect((await loadFold(bus, probeKinds, probeStream, 10_000)).fold).toBeUndefined();
        await records(bus, 3);
      });
    });

    test('a cell goes on after its snapshot, numbers and hashes unbroken', async () => {
      const { bus } = await opened();
      await longLived(bus);
      const cell = await reopened(probe({ bus, node: 'n2', bounds, perform: () => new Promise(() => undefined) }).options);
      await cell.post(does({ add: 1 }));
      expect(await replayed(bus)).toBe(cell.canonical());
      cell.stop();
    });

    test('a throw in the batch that makes a snapshot is not in the snapshot', async () => {
      const { bus } = await opened();
      const cell = await Cell.create(probe({ bus, bounds: { snapshotRecords: 3 } }).options, begin());
      await Promise.all([cell.post(does({ add: 1 })), cell.post(does({ add: 2 })), cell.post(does({ add: 1_000, throws: true }))]);
      await cell.post(does({ add: 4 }));
      await until('a snapshot stands', async () => (await loadFold(bus, probeKinds, probeStream, 10)).snapshotAt > 0);
      const { fold } = await loadFold(bus, probeKinds, probeStream, 10_000);
      expect(fold?.canonical()).toBe(await replayed(bus));
      expect(fold?.context).toMatchObject({ total: 7 });
      cell.stop();
    });

    test('a large state is stored less often: what one snapshot costs is paid by the records since the last', async () => {
      const { bus } = await opened();
      let stored = 0;
      const { options } = probe({ bus, bounds: { snapshotRecords: 4 } });
      const blobs: Blobs = { ...methodsOf(bus.blobs), putNamed: (snapshot, bytes) => bus.blobs.putNamed(snapshot, bytes).finally(() => (stored += 1)) };
      const cell = await Cell.create({ ...options, ports: { ...options.ports, blobs } }, begin());
      for (let add = 0; add < 60; add++) {
        await cell.post(does({ add, id: `${add}`.padEnd(3_000, 'x') }));
        if (add % 4 === 0) await until('no snapshot is on its way', () => new Promise((resolve) => setTimeout(() => resolve(true), 2)));
      }
      expect(stored).toBeGreaterThan(0);
      expect(stored).toBeLessThan(6);
      cell.stop();
    });
  });
}
