import { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { hideDefect, type RpcSink } from './connection.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { GatewayInspector, Listener } from './inspector.ts';
import { requestInvalid } from './issues.ts';
import { decodeJson } from './json.ts';

export const inspectPath = '/v1/inspect';

/** The version of the feed that a page names. History: 1: first (2026-11). */
const feedVersion = 1;

const openMessage = z.strictObject({ type: z.literal('open'), version: z.int(), token: z.string().max(4_096).optional() });

/** Pages connected at the same time, counted by the gateway. */
export interface PageSlots {
  open: number;
}

/** The gateway's end of one inspector page: its credential first, then what it looks at; frames come from the inspector. */
export class InspectorSocket {
  readonly #parts: DispatcherParts;
  readonly #inspector: GatewayInspector;
  readonly #sink: RpcSink;
  readonly #slots: PageSlots;
  readonly #openTimer: NodeJS.Timeout;
  #feed: ReturnType<GatewayInspector['connect']> | undefined;
  readonly #listens: boolean;
  #closed = false;

  /** With a listener the feed is open from the beginning. Throws `too_many_requests` above `inspectorPagesMax`. */
  constructor(parts: DispatcherParts, inspector: GatewayInspector, sink: RpcSink, slots: PageSlots, listener?: Listener) {
    const { inspectorPagesMax, openMaxMs } = parts.limits;
    if (slots.open >= inspectorPagesMax) {
      parts.counters.refused('too_many_requests');
      throw new FlockworkError(
        'too_many_requests',
        `the node has ${inspectorPagesMax} inspector pages open (inspectorPagesMax); close one, or try again later`,
        {
          details: { bound: 'inspectorPagesMax', max: inspectorPagesMax },
        },
      );
    }
    this.#parts = parts;
    this.#inspector = inspector;
    this.#sink = sink;
    this.#slots = slots;
    slots.open++;
    this.#openTimer = setTimeout(
      () => this.end(new FlockworkError('open_timeout', `the page did not say open within ${openMaxMs} ms`, { details: { openMaxMs } })),
      openMaxMs,
    );
    this.#openTimer.unref();
    this.#listens = listener !== undefined;
    if (listener === undefined) return;
    clearTimeout(this.#openTimer);
    this.#feed = inspector.connect(listener.tenant, sink, { form: 'stately', root: listener.root });
  }

  /** Takes one message. Never throws; what is wrong is answered. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    try {
      const message = decodeJson(bytes, this.#parts.limits.jsonDepthMax);
      if (this.#feed === undefined) this.#open(message);
      else this.#feed.receive(message);
    } catch (error) {
      const failure = hideDefect(error);
      if (failure.code === 'internal') this.#parts.onFault(error, 'inspector');
      this.#tell(failure);
      // Before it is open there is nothing to go on with, and one that only listens has nothing to say.
      if (this.#feed === undefined || this.#listens) this.#shut(failure);
    }
  }

  /** Tells the page why, then closes it. */
  end(reason: FlockworkError): void {
    if (this.#closed) return;
    this.#tell(reason);
    this.#shut(reason);
  }

  /** Frees everything; for the transport to call when the page is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#openTimer);
    this.#slots.open--;
    this.#feed?.close();
  }

  #open(message: unknown): void {
    const parsed = openMessage.safeParse(message);
    if (!parsed.success) throw requestInvalid('message', parsed.error.issues);
    const { version, token } = parsed.data;
    if (version !== feedVersion)
      throw new FlockworkError('version_unsupported', `this node speaks version ${feedVersion} of the feed, not ${version}; load the page again`);
    const { authorizer, host, counters } = this.#parts;
    let tenant: string;
    try {
      tenant = authorizer.tenantOf(token);
    } catch (error) {
      counters.refused('unauthorized');
      throw error;
    }
    clearTimeout(this.#openTimer);
    const feed = this.#inspector.connect(tenant, this.#sink);
    this.#sink.send(JSON.stringify({ type: 'opened', version, node: host.nodeId, tenant }));
    this.#feed = feed;
  }

  #tell({ code, message, retryable }: FlockworkError): void {
    // What an XState inspector does not know it would take for an event; it learns the reason from the close frame.
    if (!this.#listens) this.#sink.send(JSON.stringify({ type: 'failed', code, message, retryable }));
  }

  #shut(reason: FlockworkError): void {
    this.#sink.close(reason);
    this.close();
  }
}
