import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { InspectorBounds } from '../bounds.ts';
import type { Feed, PageOut } from '../feed.ts';
import type { HubListener, SeenActor, TapeStep, TenantHub } from '../hub.ts';
import { shownContext } from '../shown-context.ts';

/** The version of the messages of `@statelyai/inspect` that is spoken. */
const inspectVersion = '0.7.2';

export interface StatelyOptions {
  readonly hub: TenantHub;
  readonly out: PageOut;
  readonly bounds: InspectorBounds;
  readonly redact: (text: string) => string;
  /** Only the actors of this goal. */
  readonly root: string | undefined;
  /** Configurations of XState as JSON, by machine. */
  readonly definitions: ReadonlyMap<string, string>;
}

/**
 * What an XState inspector understands: `@xstate.actor` once for each actor, then `@xstate.event` and `@xstate.snapshot` for each step. It only
 * listens. A reader that is slow gets fewer steps, each actor's newest state in any case.
 */
export class StatelyFeed implements Feed, HubListener {
  readonly watched: readonly string[] = [];
  readonly wantsUsage = false;
  readonly #options: StatelyOptions;
  readonly #stopListening: () => void;
  readonly #known = new Set<SeenActor>();
  readonly #new: Set<SeenActor>;
  #steps: TapeStep[] = [];
  /** Those whose steps were more than there was room for. */
  readonly #skipped = new Set<SeenActor>();

  constructor(options: StatelyOptions) {
    this.#options = options;
    this.#new = new Set([...options.hub.actors()].filter((actor) => this.#wants(actor)));
    this.#stopListening = options.hub.listen(this);
  }

  take(): void {
    throw new FlockworkError('invalid_request', 'this reader only listens; open the page for more');
  }

  /** Nothing is watched in full: the steps come with the ticks. */
  stepped(): void {
    return undefined;
  }

  learned(): void {
    return undefined;
  }

  gone(actor: SeenActor): void {
    this.#known.delete(actor);
    this.#new.delete(actor);
    this.#skipped.delete(actor);
  }

  mark(changed: ReadonlySet<SeenActor>, steps: readonly TapeStep[], lost: number): void {
    for (const actor of changed) if (this.#wants(actor) && !this.#known.has(actor)) this.#new.add(actor);
    for (const step of steps) if (this.#wants(step.actor)) this.#steps.push(step);
    if (lost > 0) for (const actor of changed) if (this.#wants(actor)) this.#skipped.add(actor);
    const over = this.#steps.length - this.#options.bounds.tapeStepsMax;
    if (over > 0) for (const { actor } of this.#steps.splice(0, over)) this.#skipped.add(actor);
  }

  tick(at: number): void {
    const { out, bounds } = this.#options;
    if (out.bufferedBytes > bounds.bufferedBytesMax) return;
    let room = bounds.rowsPerTickMax;
    for (const actor of this.#new) {
      if (room-- <= 0) return;
      this.#introduce(actor, at);
    }
    const steps = this.#steps.splice(0, room);
    for (const step of steps) {
      this.#skipped.delete(step.actor);
      this.#tellStep(step);
    }
    for (const actor of this.#skipped) {
      if (room-- <= steps.length) return;
      this.#skipped.delete(actor);
      this.#tell(actor, { type: '@xstate.snapshot', event: { type: 'flockwork.skipped' }, snapshot: this.#snapshot(actor, actor.state) }, actor.at);
    }
  }

  close(): void {
    this.#stopListening();
  }

  #wants({ root }: SeenActor): boolean {
    return this.#options.root === undefined || this.#options.root === root;
  }

  #introduce(actor: SeenActor, at: number): void {
    this.#new.delete(actor);
    this.#known.add(actor);
    const { machine, root, parent } = actor;
    const definition = this.#options.definitions.get(machine) ?? JSON.stringify({ id: machine });
    const parentId = parent === '' ? undefined : `${root}/${parent}`;
    this.#tell(actor, { type: '@xstate.actor', name: actor.actor, definition, parentId, snapshot: this.#snapshot(actor, actor.state) }, at);
  }

  #tellStep({ actor, at, event, state }: TapeStep): void {
    if (!this.#known.has(actor)) this.#introduce(actor, at);
    const told = { type: this.#options.hub.names.textOf(event) };
    this.#tell(actor, { type: '@xstate.event', event: told, sourceId: undefined }, at);
    this.#tell(actor, { type: '@xstate.snapshot', event: told, snapshot: this.#snapshot(actor, state) }, at);
  }

  #snapshot(actor: SeenActor, state: number): object {
    const { hub, redact } = this.#options;
    return { status: actor.ended && state === actor.state ? 'done' : 'active', value: hub.names.textOf(state), context: shownContext(actor.context, redact) };
  }

  #tell(actor: SeenActor, message: Readonly<Record<string, unknown>>, at: number): void {
    const session = { sessionId: `${actor.root}/${actor.actor}`, rootId: `${actor.root}/coordinator` };
    this.#options.out.send(JSON.stringify({ ...message, ...session, id: null, createdAt: String(at), _version: inspectVersion }));
  }
}
