/** One actor of a goal, as its records come by. */
export interface PastActor {
  readonly actor: string;
  readonly stream: string;
  machine: string;
  /** The places of its records among all of the goal, the first at 0. */
  readonly places: number[];
  /** Why its records cannot be folded here. */
  failure: string | undefined;
}

/** One record of a goal: whose it is, its number there, and what it came to. */
export interface PastRecord {
  readonly actor: PastActor;
  readonly n: number;
  readonly at: number;
  readonly sequence: number;
  readonly event: string;
  readonly state: string;
}

/** Room is made for so many records at a time. */
const growRecords = 4_096;

/** Every record of a goal in the order of the store, in columns: 28 bytes each, whatever the record holds. */
export class PastIndex {
  readonly #actors: PastActor[] = [];
  readonly #byName = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  #owner = new Uint32Array(0);
  #at = new Float64Array(0);
  #sequence = new Float64Array(0);
  #event = new Uint16Array(0);
  #state = new Uint16Array(0);
  #n = new Uint32Array(0);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  get actors(): readonly PastActor[] {
    return this.#actors;
  }

  actor(name: string): PastActor | undefined {
    const number = this.#byName.get(name);
    return number === undefined ? undefined : this.#actors[number];
  }

  /** Takes the next record. */
  push(stream: string, name: string, machine: string, record: Omit<PastRecord, 'actor'>): PastActor {
    let number = this.#byName.get(name);
    if (number === undefined) {
      number = this.#actors.length;
      this.#byName.set(name, number);
      this.#actors.push({ actor: name, stream, machine, places: [], failure: undefined });
    }
    const actor = this.#actors[number];
    if (actor === undefined) throw new RangeError(`no actor ${number}`);
    if (this.#total === this.#owner.length) this.#grow();
    const place = this.#total++;
    this.#owner[place] = number;
    this.#at[place] = record.at;
    this.#sequence[place] = record.sequence;
    this.#n[place] = record.n;
    this.#event[place] = this.#numberOf(record.event);
    this.#state[place] = this.#numberOf(record.state);
    actor.places.push(place);
    return actor;
  }

  record(place: number): PastRecord | undefined {
    const actor = this.#actors[this.#owner[place] ?? -1];
    if (actor === undefined || place >= this.#total) return undefined;
    return {
      actor,
      n: this.#n[place] ?? 0,
      at: this.#at[place] ?? 0,
      sequence: this.#sequence[place] ?? 0,
      event: this.#names[this.#event[place] ?? 0] ?? '',
      state: this.#names[this.#state[place] ?? 0] ?? '',
    };
  }

  /** How many records an actor had taken when the goal stood at `place`. */
  recordsBy({ places }: PastActor, place: number): number {
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((places[middle] ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Records a second in each of at most `buckets` equal parts of the records. */
  density(buckets: number): number[] {
    const parts = Math.min(buckets, this.#total);
    const rates: number[] = [];
    for (let part = 0; part < parts; part++) {
      const from = Math.floor((part * this.#total) / parts);
      const to = Math.floor(((part + 1) * this.#total) / parts);
      const ms = (this.#at[Math.min(to, this.#total - 1)] ?? 0) - (this.#at[from] ?? 0);
      rates.push(Math.round((1_000 * (to - from)) / Math.max(1, ms)));
    }
    return rates;
  }

  #numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#names.length;
      this.#names.push(name);
      this.#numbers.set(name, number);
    }
    return number;
  }

  #grow(): void {
    const length = this.#owner.length + Math.max(growRecords, this.#owner.length >>> 1);
    const grown = <Column extends { set(from: Column): void }>(to: Column, from: Column): Column => {
      to.set(from);
      return to;
    };
    this.#owner = grown(new Uint32Array(length), this.#owner);
    this.#at = grown(new Float64Array(length), this.#at);
    this.#sequence = grown(new Float64Array(length), this.#sequence);
    this.#event = grown(new Uint16Array(length), this.#event);
    this.#state = grown(new Uint16Array(length), this.#state);
    this.#n = grown(new Uint32Array(length), this.#n);
  }
}
