import { describe, expect, test } from 'vitest';
import type { Artifact } from '../../protocols/goals/goal.ts';
import { artifactPage } from './artifact-page.ts';
import type { GoalArtifacts } from './host.ts';

const sha256 = 'a'.repeat(64);

function many(count: number): GoalArtifacts {
  const items = Array.from(
    { length: count },
    (_, at): Artifact => ({ path: `src/file-${(at * 7919) % count}.ts`, change: 'modified', sha256, size: 1, task: 't0' }),
  );
  return { items, base: { files: items.map(({ path }) => ({ path, sha256, size: 1 })) }, patch: 'the patch' };
}

function pages(all: GoalArtifacts, bytesMax: number, limit?: number) {
  const seen: ReturnType<typeof artifactPage>[] = [];
  let after: string | undefined;
  do {
    const page = artifactPage(all, { after, limit }, bytesMax);
    seen.push(page);
    after = page.next ?? undefined;
  } while (after !== undefined && seen.length < 10_000);
  return seen;
}

describe('a page of artifacts', () => {
  test('holds everything where everything fits, with the patch', () => {
    const page = artifactPage(many(10), {}, 1_000_000);
    expect(page).toMatchObject({ patch: 'the patch', next: null });
    expect(page.items).toHaveLength(10);
  });

  test('stays within its bytes, and the pages have each change once, with what the file was', () => {
    const all = many(2_000);
    const seen = pages(all, 20_000);
    expect(seen.length).toBeGreaterThan(10);
    for (const page of seen) expect(Buffer.byteLength(JSON.stringify({ items: page.items, base: page.base }))).toBeLessThanOrEqual(20_100);
    expect(seen.flatMap(({ items }) => items.map(({ path }) => path)).sort()).toEqual(all.items.map(({ path }) => path).sort());
    expect(seen.flatMap(({ base }) => base.files)).toHaveLength(2_000);
    expect(seen.map(({ patch }) => patch)).toEqual(['the patch', ...seen.slice(1).map(() => null)]);
  });

  test('obeys the limit, and has one change however small the bound is', () => {
    expect(pages(many(7), 1_000_000, 3).map(({ items }) => items.length)).toEqual([3, 3, 1]);
    expect(pages(many(3), 1).map(({ items }) => items.length)).toEqual([1, 1, 1]);
  });

  test('goes on behind its position when a file came before it meanwhile', () => {
    const all = many(4);
    const { next } = artifactPage(all, { limit: 2 }, 1_000_000);
    const grown = { ...all, items: [{ path: 'a-new-one.ts', change: 'added' as const, task: 't9' }, ...all.items] };
    expect(artifactPage(grown, { after: next ?? '' }, 1_000_000).items.map(({ path }) => path)).toEqual(['src/file-2.ts', 'src/file-3.ts']);
  });

  test('tells a path once for each task that changed it', () => {
    const twice: GoalArtifacts = { ...many(0), items: ['t1', 't0'].map((task) => ({ path: 'x', change: 'added' as const, task })) };
    expect(pages(twice, 1_000_000, 1).flatMap(({ items }) => items.map(({ task }) => task))).toEqual(['t0', 't1']);
  });
});
