import { randomUUID } from 'node:crypto';
import type { Subscription } from '../../actors/ports/journal.ts';
import type { Observer } from '../../actors/ports/observer.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { nodeSubject } from '../../protocols/subjects.ts';
import { type InspectorBounds, inspectorBounds, type PastBounds, pastBounds } from './bounds.ts';
import type { Feed, PageOut } from './feed.ts';
import { type HubOptions, TenantHub } from './hub.ts';
import { PageFeed } from './page-feed.ts';
import { createPageFiles, type PageFiles } from './page-files.ts';
import type { PastPorts } from './past/goal-past.ts';
import { PastDesk, Pasts } from './past/pasts.ts';
import { pageMessage } from './protocol.ts';
import { RemoteDesk } from './remote/remote-desk.ts';
import { RemoteNodes, type RemotePorts } from './remote/remote-nodes.ts';
import { definitionsOf } from './stately/definitions.ts';
import { StatelyFeed } from './stately/stately-feed.ts';

export interface InspectorOptions {
  readonly bounds?: Partial<InspectorBounds>;
  readonly now?: () => number;
  /** Removes what looks like a credential from a text. */
  readonly redact?: (text: string) => string;
  /** Where the past of goals is read; without it pages cannot look back. */
  readonly past?: PastPorts;
  readonly pastBounds?: Partial<PastBounds>;
  /** Where the other nodes are asked, and ask this one; without it a page sees the actors of this node only. */
  readonly remote?: RemotePorts;
}

/** One page that is connected. */
export interface PageConnection {
  /** Takes a message of the page. Throws `invalid_request`. */
  receive(message: unknown): void;
  close(): void;
}

export interface ConnectOptions {
  /** `page`: the frames of the page. `stately`: the messages of an XState inspector, to one that only listens. */
  readonly form?: 'page' | 'stately' | undefined;
  /** For `stately`: only the actors of this goal. */
  readonly root?: string | undefined;
}

export interface Inspector {
  /** Takes what the cells of this node do. Never throws: what fails here is counted. */
  readonly observe: Observer;
  /** Observations that could not be taken. */
  readonly failures: number;
  readonly files: PageFiles;
  readonly bounds: InspectorBounds;
  /** Serves other nodes from here on. */
  start(): Promise<void>;
  /** Connects a page of a tenant; it sees actors of no other. */
  connect(tenant: string, out: PageOut, options?: ConnectOptions): PageConnection;
  stop(): Promise<void>;
}

/** The node's end of the inspector: what its actors do, told to pages at a pace that costs the actors nothing. */
export function createInspector(options: InspectorOptions = {}): Inspector {
  const { now = Date.now, redact = (text: string) => text } = options;
  const bounds: InspectorBounds = { ...inspectorBounds, ...options.bounds };
  const files = createPageFiles();
  const hubOptions: HubOptions = { bounds, now, ended: files.ended };
  const hubs = new Map<string, TenantHub>();
  const pages = new Map<TenantHub, Set<Feed>>();
  const stepsTold = new Map<TenantHub, number>();
  const pasts = options.past === undefined ? undefined : new Pasts(options.past, { ...pastBounds, ...options.pastBounds }, redact);
  let definitions: ReadonlyMap<string, string> | undefined;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  const hubOf = (tenant: string): TenantHub | undefined => {
    const known = hubs.get(tenant);
    if (known !== undefined || hubs.size >= bounds.tenantsMax) return known;
    const hub = new TenantHub(hubOptions);
    hubs.set(tenant, hub);
    return hub;
  };

  const remotes = new Map<TenantHub, RemoteNodes>();
  const desk = new RemoteDesk({ hubOf: (tenant) => hubs.get(tenant), bounds, redact, life: randomUUID() });
  let serving: Subscription | undefined;
  let askedAt = 0;
  const askOthers = (at: number): void => {
    if (at - askedAt < bounds.remoteMs) return;
    askedAt = at;
    for (const hub of pages.keys()) remotes.get(hub)?.ask(at);
  };

  const tick = (): void => {
    const at = now();
    askOthers(at);
    for (const [hub, feeds] of pages) {
      const changed = hub.takeChanged();
      const all = hub.steps - (stepsTold.get(hub) ?? 0);
      const fresh = Math.min(all, bounds.tapeStepsMax);
      stepsTold.set(hub, hub.steps);
      const steps = fresh === 0 ? [] : hub.tape().slice(-fresh);
      for (const feed of feeds) {
        feed.mark(changed, steps, all - fresh);
        feed.tick(at, remotes.get(hub));
      }
    }
  };

  return {
    files,
    bounds,
    get failures() {
      return failures;
    },
    observe(observation) {
      try {
        hubOf(observation.actor.tenant)?.observe(observation);
      } catch {
        failures++;
      }
    },
    connect(tenant, out, { form = 'page', root } = {}) {
      const hub = hubOf(tenant);
      if (hub === undefined) {
        throw new FlockworkError('too_many_requests', `the inspector shows ${bounds.tenantsMax} tenants (tenantsMax); this one has no room`, {
          details: { bound: 'tenantsMax', max: bounds.tenantsMax },
        });
      }
      const feeds = pages.get(hub) ?? new Set();
      if (feeds.size === 0) stepsTold.set(hub, hub.steps);
      if (options.remote !== undefined && !remotes.has(hub)) {
        const watched = (): string[] => [...feeds].flatMap((one) => one.watched).slice(0, bounds.watchedActorsMax);
        const wantsUsage = (): boolean => [...feeds].some((one) => one.wantsUsage);
        remotes.set(hub, new RemoteNodes({ ports: options.remote, bounds, hub, tenant, watched, wantsUsage }));
      }
      definitions ??= definitionsOf(files, ['agent', 'coordinator']);
      const feed = form === 'page' ? new PageFeed(hub, out, bounds, redact) : new StatelyFeed({ hub, out, bounds, redact, root, definitions });
      feeds.add(feed);
      pages.set(hub, feeds);
      timer ??= setInterval(tick, bounds.tickMs).unref();
      let open = true;
      const pastDesk = new PastDesk(
        (wish) => (pasts === undefined ? Promise.reject(noPast()) : pasts.view(tenant, wish)),
        (told) => out.send(JSON.stringify(told)),
      );
      return {
        receive(message) {
          const parsed = pageMessage.safeParse(message);
          if (!parsed.success) {
            const [issue] = parsed.error.issues;
            throw new FlockworkError('invalid_request', `the inspector has no such message: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`, {
              details: { issues: parsed.error.issues.map(({ path, message: text }) => ({ path: path.join('.'), message: text })) },
            });
          }
          if (parsed.data.type === 'past') pastDesk.ask(parsed.data);
          else feed.take(parsed.data);
        },
        close() {
          if (!open) return;
          open = false;
          pastDesk.close();
          feed.close();
          feeds.delete(feed);
          if (feeds.size === 0) {
            pages.delete(hub);
            remotes.delete(hub);
          }
          if (pages.size > 0 || timer === undefined) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
    async start() {
      const { remote } = options;
      if (remote !== undefined) serving = await remote.pubsub.serve(nodeSubject(remote.node), async (body) => desk.answer(body));
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await serving?.stop();
      serving = undefined;
    },
  };
}

const noPast = (): FlockworkError => new FlockworkError('not_found', 'this inspector has no journals to look back at');
