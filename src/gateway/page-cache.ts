/** What the cache needs to know of a page. */
export interface CachedPage {
  /** Bytes that count against the bound. */
  readonly bytes: number;
}

interface Place<Page> {
  readonly root: string;
  readonly after: number;
  readonly page: Page;
}

/** Pages of journals by their root and the place where they begin; above the bound those go that nobody has asked for longest. */
export class PageCache<Page extends CachedPage> {
  readonly #bytesMax: number;
  readonly #roots = new Map<string, Map<number, Place<Page>>>();
  /** The one asked for last comes last. */
  readonly #order = new Set<Place<Page>>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of all pages held; at most the bound. */
  get bytes(): number {
    return this.#bytes;
  }

  get(root: string, after: number): Page | undefined {
    const place = this.#roots.get(root)?.get(after);
    if (place === undefined) return undefined;
    this.#order.delete(place);
    this.#order.add(place);
    return place.page;
  }

  /** A page that alone is above the bound is not kept. */
  put(root: string, after: number, page: Page): void {
    const places = this.#roots.get(root) ?? new Map<number, Place<Page>>();
    const known = places.get(after);
    if (known !== undefined) this.#drop(known);
    if (page.bytes > this.#bytesMax) return;
    const place: Place<Page> = { root, after, page };
    places.set(after, place);
    this.#roots.set(root, places);
    this.#order.add(place);
    this.#bytes += page.bytes;
    for (const oldest of this.#order) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#drop(oldest);
    }
  }

  forget(root: string): void {
    for (const place of this.#roots.get(root)?.values() ?? []) this.#drop(place);
  }

  #drop(place: Place<Page>): void {
    const places = this.#roots.get(place.root);
    places?.delete(place.after);
    if (places?.size === 0) this.#roots.delete(place.root);
    this.#order.delete(place);
    this.#bytes -= place.page.bytes;
  }
}
