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
  /** The servers' time at a moment of the monotonic clock, which nobody sets: a clock that is set shows at once. */
  #measured: { readonly time: number; readonly at: number } | undefined;

  constructor(link: Link, now: () => number) {
    this.#link = link;
    this.#now = now;
    this.#forgets = link.onReconnect(() => void this.#check());
  }

  /** The connection stands, and JetStream has answered lately. */
  get connected(): boolean {
    return this.#link.connected && this.#unanswered < bounds.healthUnansweredMax;
  }

  /** The time of the servers, milliseconds since 1970, within the time of one request. */
  serverNow(): number {
    return this.#measured === undefined ? this.#now() : this.#measured.time + performance.now() - this.#measured.at;
  }

  /** The servers' clock minus that of this process, in milliseconds. */
  get clockOffsetMs(): number {
    return this.serverNow() - this.#now();
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
    const asked = performance.now();
    const info = await jsm.streams.info(names.meta);
    const told = 'ts' in info && typeof info.ts === 'string' ? Date.parse(info.ts) : Number.NaN;
    if (Number.isFinite(told)) {
      this.#measured = { time: told, at: (asked + performance.now()) / 2 };
      return;
    }
    if (this.#measured !== undefined && performance.now() - this.#measured.at < bounds.clockMeasureMs) return;
    const before = performance.now();
    const made = await jsm.consumers.add(names.meta, {
      name: `clock-${crypto.randomUUID()}`,
      ack_policy: AckPolicy.None,
      filter_subject: `${names.metaPrefix}store`,
      inactive_threshold: nanos(bounds.readerIdleMs),
      mem_storage: true,
      num_replicas: 1,
    });
    this.#measured = { time: Date.parse(made.created), at: (before + performance.now()) / 2 };
    jsm.consumers.delete(names.meta, made.name).catch((error: unknown) => this.#link.closed || this.#link.fault(busError(error, 'let go of a consumer')));
  }
}
