import { AckPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import * as bounds from './bounds.ts';
import { busError } from './errors.ts';
import type { Link } from './link.ts';

/**
 * Whether the bus can be used now, and how far the clock of this process is from that of the servers: asked for at opening and every
 * `healthCheckMs`. A connection is not enough: a server that is frozen, or whose cluster has no leader, answers nothing.
 */
export class Health {
  readonly #link: Link;
  readonly #now: () => number;
  readonly #forgets: () => void;
  #timer: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #offsetMs = 0;
  /** By the clock of the process that never goes back; undefined before the first measuring. */
  #measuredAt: number | undefined;

  constructor(link: Link, now: () => number) {
    this.#link = link;
    this.#now = now;
    this.#forgets = link.onReconnect(() => void this.#check());
  }

  /** The connection stands, and JetStream has answered lately. */
  get connected(): boolean {
    return this.#link.connected && this.#unanswered < bounds.healthUnansweredMax;
  }

  /** The servers' clock minus that of this process, in milliseconds, within the time of one request. */
  get clockOffsetMs(): number {
    return this.#offsetMs;
  }

  /** Measures the clock once, then looks again and again. */
  async start(): Promise<void> {
    await this.#measure();
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#forgets();
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      void this.#check().finally(() => {
        if (!this.#link.closed) this.#arm();
      });
    }, bounds.healthCheckMs).unref();
  }

  async #check(): Promise<void> {
    try {
      await this.#measure();
      this.#unanswered = 0;
    } catch (error) {
      if (this.#link.closed) return;
      this.#unanswered += 1;
      if (this.#unanswered === bounds.healthUnansweredMax) this.#link.fault(this.#link.error(error, 'reach JetStream; this node waits for it'));
    }
  }

  /** Servers since 2.10 tell the time in every answer. Older ones tell it of what is made: a consumer, which is let go at once. */
  async #measure(): Promise<void> {
    const { jsm, names } = this.#link;
    const asked = this.#now();
    const info = await jsm.streams.info(names.meta);
    const told = 'ts' in info && typeof info.ts === 'string' ? Date.parse(info.ts) : Number.NaN;
    if (Number.isFinite(told)) {
      this.#offsetMs = told - (asked + this.#now()) / 2;
      return;
    }
    if (this.#measuredAt !== undefined && performance.now() - this.#measuredAt < bounds.clockMeasureMs) return;
    const before = this.#now();
    const made = await jsm.consumers.add(names.meta, {
      name: `clock-${crypto.randomUUID()}`,
      ack_policy: AckPolicy.None,
      filter_subject: `${names.metaPrefix}store`,
      inactive_threshold: nanos(bounds.readerIdleMs),
      mem_storage: true,
      num_replicas: 1,
    });
    this.#offsetMs = Date.parse(made.created) - (before + this.#now()) / 2;
    this.#measuredAt = performance.now();
    jsm.consumers.delete(names.meta, made.name).catch((error: unknown) => this.#link.closed || this.#link.fault(busError(error, 'let go of a consumer')));
  }
}
