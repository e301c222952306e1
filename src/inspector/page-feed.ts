import { type InspectorBounds, usageBounds, usageMs } from './bounds.ts';
import { type Elsewhere, type Feed, nowhere, type PageOut } from './feed.ts';
import type { HubListener, SeenActor, TapeStep, TenantHub } from './hub.ts';
import type { ActorIntroduction, ActorRow, Frame, PageMessage, StepRow, TapeRow, UsageView, WatchedActor } from './protocol.ts';
import { shownContext } from './shown-context.ts';
import { type UsageTold, usageTold, usageView } from './usage/usage-view.ts';

interface Watch {
  readonly actor: SeenActor;
  readonly steps: StepRow[];
  leftOut: number;
  /** Its history and context have been told. */
  told: boolean;
}

/** What one page is told: which actors it knows, which of them changed since, what it looks at. */
export class PageFeed implements Feed, HubListener {
  readonly #hub: TenantHub;
  readonly #out: PageOut;
  readonly #bounds: InspectorBounds;
  readonly #redact: (text: string) => string;
  readonly #stopListening: () => void;
  readonly #known = new Set<number>();
  readonly #dirty: Set<SeenActor>;
  readonly #watches = new Map<number, Watch>();
  #gone: number[] = [];
  #visible: readonly number[] = [];
  #root: string | undefined;
  #tape: { readonly rows: TapeStep[]; leftOut: number; readonly root: string | undefined } | undefined;
  /** Actors that the last frame left for later. */
  #behind = 0;
  /** When usage was last told; undefined while it is not wanted. */
  #usageAt: number | undefined;

  constructor(hub: TenantHub, out: PageOut, bounds: InspectorBounds, redact: (text: string) => string) {
    this.#hub = hub;
    this.#out = out;
    this.#bounds = bounds;
    this.#redact = redact;
    this.#dirty = new Set([...hub.actors()].reverse());
    this.#stopListening = hub.listen(this);
  }

  /** True while it looks at tools or models. */
  get wantsUsage(): boolean {
    return this.#usageAt !== undefined;
  }

  /** The actors that it watches in full, as `root/actor`. */
  get watched(): string[] {
    return [...this.#watches.values()].map(({ actor }) => `${actor.root}/${actor.actor}`);
  }

  close(): void {
    this.#stopListening();
  }

  take(message: Exclude<PageMessage, { type: 'past' }>): void {
    switch (message.type) {
      case 'view':
        this.#visible = message.visible.slice(0, this.#bounds.visibleActorsMax);
        if (message.root !== this.#root) {
          this.#root = message.root;
          // What another filter left out may be unknown or old.
          for (const actor of this.#hub.actors()) if (this.#wants(actor)) this.#dirty.add(actor);
        }
        return;
      case 'watch':
        return this.#watch(message.actor);
      case 'unwatch':
        this.#watches.delete(message.actor);
        return this.#hub.unwatch(message.actor, this);
      case 'usage':
        this.#usageAt = message.on ? Number.NEGATIVE_INFINITY : undefined;
        return;
      case 'tape':
        this.#tape = message.on ? { rows: this.#hub.tape().slice(-this.#bounds.tapeRowsPerTickMax), leftOut: 0, root: message.root } : undefined;
        if (this.#tape !== undefined) this.#tape.rows.splice(0, this.#tape.rows.length, ...this.#tape.rows.filter(({ actor }) => this.#onTape(actor)));
    }
  }

  stepped({ actor, seq, at, event, state }: TapeStep): void {
    const watch = this.#watches.get(actor.number);
    if (watch === undefined || !watch.told) return;
    watch.steps.push([seq, at, this.#hub.names.textOf(event), this.#hub.names.textOf(state)]);
    if (watch.steps.length > this.#bounds.watchedStepsPerTickMax) {
      watch.steps.shift();
      watch.leftOut++;
    }
  }

  learned(actor: SeenActor): void {
    const watch = this.#watches.get(actor.number);
    if (watch === undefined) return;
    watch.told = false;
    watch.steps.length = 0;
  }

  gone(actor: SeenActor): void {
    this.#dirty.delete(actor);
    this.#watches.delete(actor.number);
    if (this.#known.delete(actor.number)) this.#gone.push(actor.number);
  }

  /** Takes over what changed since the last tick: `lost` steps were more than the hub keeps. */
  mark(changed: ReadonlySet<SeenActor>, steps: readonly TapeStep[], lost: number): void {
    for (const actor of changed) if (this.#wants(actor)) this.#dirty.add(actor);
    const tape = this.#tape;
    if (tape === undefined) return;
    const wanted = tape.root === undefined ? steps : steps.filter(({ actor }) => actor.root === tape.root);
    tape.rows.push(...wanted.slice(-this.#bounds.tapeRowsPerTickMax));
    const over = tape.rows.length - this.#bounds.tapeRowsPerTickMax;
    if (over > 0) tape.rows.splice(0, over);
    tape.leftOut += lost + Math.max(over, 0) + Math.max(0, wanted.length - this.#bounds.tapeRowsPerTickMax);
  }

  /** Sends a frame when there is something to tell and the page has read what it got. */
  tick(at: number, { behind: elsewhere, usage: usageElsewhere }: Elsewhere = nowhere): void {
    if (this.#out.bufferedBytes > this.#bounds.bufferedBytesMax) return;
    const rows = this.#takeRows();
    const actors: ActorIntroduction[] = [];
    const introduce = (actor: SeenActor): void => {
      if (this.#known.has(actor.number)) return;
      this.#known.add(actor.number);
      actors.push([actor.number, actor.root, actor.actor, actor.machine, actor.parent, actor.node]);
    };
    for (const actor of rows) introduce(actor);
    const watched = [...this.#watches.values()].flatMap((watch) => this.#told(watch));
    for (const { actor } of this.#tape?.rows ?? []) introduce(actor);
    const tape = this.#tape === undefined || (this.#tape.rows.length === 0 && this.#tape.leftOut === 0) ? undefined : this.#takeTape(this.#tape);
    const behind = this.#dirty.size + elsewhere;
    const usage = this.#takeUsage(at, usageElsewhere);
    if (rows.length === 0 && watched.length === 0 && tape === undefined && usage === undefined && this.#gone.length === 0 && behind === this.#behind) return;
    this.#behind = behind;
    const gone = this.#gone;
    this.#gone = [];
    const byNode = this.#hub.countsByNode();
    const frame: Frame = {
      type: 'frame',
      at,
      counts: this.#hub.counts(),
      ...(byNode === undefined ? {} : { nodes: byNode }),
      total: this.#hub.size,
      steps: this.#hub.steps,
      ...(actors.length === 0 ? {} : { actors }),
      ...(rows.length === 0 ? {} : { rows: rows.map((actor) => this.#row(actor)) }),
      ...(gone.length === 0 ? {} : { gone }),
      ...(watched.length === 0 ? {} : { watched }),
      ...(tape === undefined ? {} : { tape }),
      ...(usage === undefined ? {} : { usage }),
      behind,
    };
    this.#out.send(JSON.stringify(frame));
  }

  #takeUsage(at: number, elsewhere: readonly UsageTold[]): UsageView | undefined {
    if (this.#usageAt === undefined || at - this.#usageAt < usageMs) return undefined;
    this.#usageAt = at;
    return usageView([usageTold(this.#hub.usage), ...elsewhere], usageBounds.hours, at);
  }

  #wants(actor: SeenActor): boolean {
    return this.#root === undefined || actor.root === this.#root || this.#watches.has(actor.number);
  }

  #onTape({ root }: SeenActor): boolean {
    return this.#tape?.root === undefined || this.#tape.root === root;
  }

  #watch(number: number): void {
    const actor = this.#hub.byNumber(number);
    if (actor === undefined || this.#watches.has(number)) return;
    const [oldest] = this.#watches.keys();
    if (this.#watches.size >= this.#bounds.watchedActorsMax && oldest !== undefined) this.take({ type: 'unwatch', actor: oldest });
    this.#watches.set(number, { actor, steps: [], leftOut: 0, told: false });
    this.#hub.watch(number, this);
    this.#dirty.add(actor);
  }

  #told(watch: Watch): WatchedActor[] {
    const { actor } = watch;
    if (watch.told && watch.steps.length === 0) return [];
    const context = shownContext(actor.context, this.#redact);
    const { names } = this.#hub;
    if (!watch.told) {
      watch.told = true;
      const steps = actor.ring.list().map(({ seq, at, event, state }): StepRow => [seq, at, names.textOf(event), names.textOf(state)]);
      return [{ actor: actor.number, context, steps, leftOut: 0, history: true, moves: this.#hub.movesOf(actor) }];
    }
    const steps = watch.steps.splice(0);
    const { leftOut } = watch;
    watch.leftOut = 0;
    return [{ actor: actor.number, context, steps, leftOut }];
  }

  /** The visible ones first, then the others in the order in which they changed. */
  #takeRows(): SeenActor[] {
    const { rowsPerTickMax } = this.#bounds;
    const rows: SeenActor[] = [];
    for (const number of this.#visible) {
      const actor = this.#hub.byNumber(number);
      if (actor !== undefined && rows.length < rowsPerTickMax && this.#dirty.delete(actor)) rows.push(actor);
    }
    for (const actor of this.#dirty) {
      if (rows.length >= rowsPerTickMax) break;
      this.#dirty.delete(actor);
      if (this.#wants(actor)) rows.push(actor);
    }
    return rows;
  }

  #takeTape(tape: { rows: TapeStep[]; leftOut: number }): NonNullable<Frame['tape']> {
    const { names } = this.#hub;
    const rows = tape.rows.splice(0).map(({ actor, seq, at, event, state }): TapeRow => [actor.number, seq, at, names.textOf(event), names.textOf(state)]);
    const { leftOut } = tape;
    tape.leftOut = 0;
    return { rows, leftOut };
  }

  #row(actor: SeenActor): ActorRow {
    return [actor.number, this.#hub.names.textOf(actor.state), actor.seq, actor.mailboxDepth, actor.restarts, actor.at, actor.since];
  }
}
