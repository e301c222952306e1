/** One fact as watchers get it: the parameters of `goal.event`, serialised once for all of them. */
export interface FeedEvent {
  readonly cursor: string;
  /** JSON text of a `GoalEvent`. */
  readonly json: string;
  /** True for the fact that ends the watch. */
  readonly ends: boolean;
}

/** Events that go out together. Watchers at the same place share one batch, and with it the bytes that each transport makes of it. */
export class EventBatch {
  readonly events: readonly FeedEvent[];
  /** True when the last event ends the watch. */
  readonly ends: boolean;
  readonly #forms = new Map<string, Uint8Array>();
  #notifications: readonly string[] | undefined;

  constructor(events: readonly FeedEvent[]) {
    this.events = events;
    this.ends = events.at(-1)?.ends ?? false;
  }

  /** The JSON-RPC notifications of the events, for a transport that frames each by itself. */
  get notifications(): readonly string[] {
    this.#notifications ??= this.events.map(eventNotification);
    return this.#notifications;
  }

  /** The bytes of the batch in the form of one transport; made at the first asking. */
  form(transport: string, make: (events: readonly FeedEvent[]) => Uint8Array): Uint8Array {
    const known = this.#forms.get(transport);
    if (known !== undefined) return known;
    const made = make(this.events);
    this.#forms.set(transport, made);
    return made;
  }
}

/** The JSON-RPC notification of one event, without parsing it again. */
export function eventNotification(event: FeedEvent): string {
  return `{"jsonrpc":"2.0","method":"goal.event","params":${event.json}}`;
}
