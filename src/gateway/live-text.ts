import { z } from 'zod';
import type { Subscription } from '../../actors/ports/journal.ts';
import type { LiveMessage, Pubsub } from '../../actors/ports/pubsub.ts';
import { livePattern } from '../../protocols/subjects.ts';
import type { GoalDelta } from '../../protocols/wire/methods.ts';
import type { Counters } from './counters.ts';

const deltaBody = z.looseObject({ call: z.string(), epoch: z.int(), offset: z.int().min(0), text: z.string() });

/** The running text of one root: one subscription while anybody listens; each delta is read and serialised once for all. */
export class LiveText {
  readonly #goalId: string;
  readonly #counters: Counters;
  readonly #listeners = new Set<(json: string) => void>();
  readonly #onFault: (error: unknown, where: string) => void;
  #subscription: Promise<Subscription> | undefined;

  constructor(goalId: string, counters: Counters, onFault: (error: unknown, where: string) => void) {
    this.#goalId = goalId;
    this.#counters = counters;
    this.#onFault = onFault;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Calls `onDelta` with the JSON of each `GoalDelta`; resolves once subscribed. */
  async listen(pubsub: Pubsub, tenant: string, onDelta: (json: string) => void): Promise<void> {
    this.#listeners.add(onDelta);
    this.#subscription ??= pubsub.subscribe(livePattern(tenant, this.#goalId), (message) => this.#onMessage(message));
    await this.#subscription;
  }

  unlisten(onDelta: (json: string) => void): void {
    this.#listeners.delete(onDelta);
    if (this.#listeners.size > 0 || this.#subscription === undefined) return;
    this.#subscription.then((subscription) => subscription.stop()).catch((error: unknown) => this.#onFault(error, `live text of ${this.#goalId}`));
    this.#subscription = undefined;
  }

  #onMessage({ subject, body }: LiveMessage): void {
    const actor = subject.slice(subject.lastIndexOf('.') + 1);
    const parsed = deltaBody.safeParse(parseOrUndefined(body));
    if (!parsed.success) {
      this.#counters.liveIgnoredTotal++;
      return;
    }
    const { call, epoch, offset, text } = parsed.data;
    const delta: GoalDelta = { goalId: this.#goalId, actor, call, epoch, offset, text };
    const json = JSON.stringify(delta);
    for (const listener of this.#listeners) listener(json);
  }
}

/** Undefined fits no schema: what is no JSON is counted as ignored like everything else that is no delta. */
function parseOrUndefined(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
