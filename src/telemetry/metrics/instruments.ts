import { labelCharsMax, labelSetsMax } from './bounds.ts';
import type { HistogramSample, Labels, MetricFamily } from './family.ts';

interface Options {
  readonly name: string;
  readonly help: string;
  readonly unit?: string;
  readonly labels?: readonly string[];
  /** Default 256. */
  readonly labelSetsMax?: number;
}

/** One entry for each label set, and at most `labelSetsMax` of them. */
class LabelSets<Entry> {
  readonly #names: readonly string[];
  readonly #max: number;
  readonly #make: () => Entry;
  readonly #entries = new Map<string, { readonly labels: Labels; readonly entry: Entry }>();

  constructor({ labels = [], labelSetsMax: max = labelSetsMax }: Options, make: () => Entry) {
    this.#names = labels;
    this.#max = max;
    this.#make = make;
  }

  of(values: readonly string[]): Entry {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\u0000');
    const known = this.#entries.get(key);
    if (known !== undefined) return known.entry;
    // Room for the last one, which takes everything else.
    if (this.#entries.size >= this.#max - 1 && values.some((value) => value !== 'other')) return this.of(this.#names.map(() => 'other'));
    const labels = Object.fromEntries(this.#names.map((name, at) => [name, (values[at] ?? '').slice(0, labelCharsMax)]));
    const entry = this.#make();
    this.#entries.set(key, { labels, entry });
    return entry;
  }

  *all(): Generator<readonly [Labels, Entry]> {
    for (const { labels, entry } of this.#entries.values()) yield [labels, entry];
  }
}

/** Something that only grows. */
export class Counter {
  readonly #options: Options;
  readonly #sets: LabelSets<{ value: number }>;

  constructor(options: Options) {
    this.#options = options;
    this.#sets = new LabelSets(options, () => ({ value: 0 }));
    // A counter that is not there cannot be told from one that is 0; with labels nobody knows them yet.
    if (options.labels === undefined) this.add(0);
  }

  add(value: number, ...labels: string[]): void {
    if (value >= 0) this.#sets.of(labels).value += value;
  }

  /** Shows a label set that has not been counted yet: a counter that appears with its first event hides it from `increase()`. */
  show(...labels: string[]): this {
    this.#sets.of(labels);
    return this;
  }

  family(): MetricFamily {
    const { name, help, unit = '' } = this.#options;
    return { kind: 'counter', name, help, unit, samples: [...this.#sets.all()].map(([labels, { value }]) => ({ labels, value })) };
  }
}

/** How often something took how long, in classic buckets. */
export class Histogram {
  readonly #options: Options;
  readonly #bounds: readonly number[];
  readonly #sets: LabelSets<{ readonly counts: number[]; sum: number }>;

  constructor(options: Options & { readonly bounds: readonly number[] }) {
    this.#options = options;
    this.#bounds = options.bounds;
    this.#sets = new LabelSets(options, () => ({ counts: new Array<number>(options.bounds.length + 1).fill(0), sum: 0 }));
  }

  observe(value: number, ...labels: string[]): void {
    const set = this.#sets.of(labels);
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? Number.POSITIVE_INFINITY)) at++;
    set.counts[at] = (set.counts[at] ?? 0) + 1;
    set.sum += value;
  }

  /** Shows a label set that has not been observed yet. */
  show(...labels: string[]): this {
    this.#sets.of(labels);
    return this;
  }

  family(): MetricFamily {
    const { name, help, unit = '' } = this.#options;
    const samples = [...this.#sets.all()].map(([labels, { counts, sum }]): HistogramSample => ({ labels, counts: [...counts], sum }));
    return { kind: 'histogram', name, help, unit, bounds: this.#bounds, samples };
  }
}
