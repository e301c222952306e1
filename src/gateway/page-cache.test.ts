import { describe, expect, test } from 'vitest';
import { PageCache } from './page-cache.ts';

const page = (bytes: number): { bytes: number } => ({ bytes });

describe('PageCache', () => {
  test('above the bound those go that nobody asked for longest', () => {
    const cache = new PageCache(100);
    const pages = [page(40), page(40), page(40)] as const;
    cache.put('a', 0, pages[0]);
    cache.put('a', 7, pages[1]);
    expect(cache.get('a', 0)).toBe(pages[0]);
    cache.put('b', 0, pages[2]);
    expect([cache.get('a', 0), cache.get('a', 7), cache.get('b', 0)]).toEqual([pages[0], undefined, pages[2]]);
    expect(cache.bytes).toBe(80);
  });

  test('a page in the place of another counts once; one above the bound is not kept', () => {
    const cache = new PageCache(100);
    cache.put('a', 0, page(60));
    cache.put('a', 0, page(70));
    expect(cache.bytes).toBe(70);
    cache.put('b', 0, page(30));
    cache.put('a', 0, page(101));
    expect([cache.bytes, cache.get('a', 0), cache.get('b', 0)]).toEqual([30, undefined, page(30)]);
  });

  test('a root is forgotten as a whole, and only it', () => {
    const cache = new PageCache(100);
    cache.put('a', 0, page(10));
    cache.put('a', 3, page(10));
    cache.put('b', 0, page(10));
    cache.forget('a');
    cache.forget('nobody');
    expect([cache.get('a', 0), cache.get('a', 3), cache.get('b', 0), cache.bytes]).toEqual([undefined, undefined, page(10), 10]);
  });
});
