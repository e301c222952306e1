/**
 * Which roots this node takes up. A service takes up all of its shards; a node that was started for one goal (`run`)
 * takes up what was submitted or touched through it, and leaves the rest as it is.
 */
export class Adoption {
  readonly #all: boolean;
  readonly #roots = new Set<string>();
  #onAdopt: ((tenant: string, root: string) => void) | undefined;

  constructor(which: 'all' | 'own') {
    this.#all = which === 'all';
  }

  has(tenant: string, root: string): boolean {
    return this.#all || this.#roots.has(`${tenant}.${root}`);
  }

  add(tenant: string, root: string): void {
    if (this.has(tenant, root)) return;
    this.#roots.add(`${tenant}.${root}`);
    this.#onAdopt?.(tenant, root);
  }

  /** Called for each root that is taken up later than at the start. */
  onAdopt(listener: (tenant: string, root: string) => void): void {
    this.#onAdopt = listener;
  }
}
