/** A place of a peer among those there may be. */
export interface Seat {
  /** The peer has said what it came for, or is at work: it keeps its place. Once for each piece of work. */
  settle(): void;
  /** A piece of work is over. With the last one the peer keeps its place only until a newcomer needs it. */
  rest(): void;
  /** How this peer is made to go from now on. */
  evictBy(evict: () => void): void;
  /** The peer is gone. */
  leave(): void;
}

interface Holder {
  evict: () => void;
  leave(): void;
}

/**
 * A bounded number of places for peers. When all are taken, a newcomer gets that of the peer that has been idle longest, because it never said what it
 * came for or because it rests since its last piece of work: who only holds places keeps nobody out.
 */
export class Seats {
  readonly #max: number;
  /** The one that is so longest comes first. */
  readonly #idle = new Set<Holder>();
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** True while a newcomer would get a place. */
  get hasRoom(): boolean {
    return this.#taken < this.#max || this.#idle.size > 0;
  }

  /** Undefined when every place is held by a peer at work. `evict` must end the peer and may not throw. */
  take(evict: () => void): Seat | undefined {
    if (this.#taken >= this.#max && !this.evictOldest()) return undefined;
    return this.#seat(evict);
  }

  /** Makes the peer go that would have to for a newcomer; false when there is none. */
  evictOldest(): boolean {
    const [oldest] = this.#idle;
    if (oldest === undefined) return false;
    oldest.leave();
    oldest.evict();
    return true;
  }

  #seat(evict: () => void): Seat {
    let held = true;
    let work = 0;
    const leave = (): void => {
      if (held) this.#taken--;
      held = false;
      this.#idle.delete(holder);
    };
    const holder: Holder = { evict, leave };
    this.#taken++;
    this.#idle.add(holder);
    return {
      settle: () => {
        work++;
        this.#idle.delete(holder);
      },
      rest: () => {
        work--;
        if (held && work === 0) this.#idle.add(holder);
      },
      evictBy: (by) => {
        holder.evict = by;
      },
      leave,
    };
  }
}
