import type { Observer } from '../../actors/ports/observer.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type InspectorBounds, inspectorBounds, pastBounds } from './bounds.ts';
import { type HubOptions, TenantHub } from './hub.ts';
import { PageFeed, type PageOut } from './page-feed.ts';
import { createPageFiles, type PageFiles } from './page-files.ts';
import type { PastPorts } from './past/goal-past.ts';
import { PastDesk, Pasts } from './past/pasts.ts';
import { pageMessage } from './protocol.ts';

export interface InspectorOptions {
  readonly bounds?: Partial<InspectorBounds>;
  readonly now?: () => number;
  /** Removes what looks like a credential from a text. */
  readonly redact?: (text: string) => string;
  /** Where the past of goals is read; without it pages cannot look back. */
  readonly past?: PastPorts;
}

/** One page that is connected. */
export interface PageConnection {
  /** Takes a message of the page. Throws `invalid_request`. */
  receive(message: unknown): void;
  close(): void;
}

export interface Inspector {
  /** Takes what the cells of this node do. Never throws: what fails here is counted. */
  readonly observe: Observer;
  /** Observations that could not be taken. */
  readonly failures: number;
  readonly files: PageFiles;
  readonly bounds: InspectorBounds;
  /** Connects a page of a tenant; it sees actors of no other. */
  connect(tenant: string, out: PageOut): PageConnection;
  stop(): void;
}

/** The node's end of the inspector: what its actors do, told to pages at a pace that costs the actors nothing. */
export function createInspector(options: InspectorOptions = {}): Inspector {
  const { now = Date.now, redact = (text: string) => text } = options;
  const bounds: InspectorBounds = { ...inspectorBounds, ...options.bounds };
  const files = createPageFiles();
  const hubOptions: HubOptions = { bounds, now, ended: files.ended };
  const hubs = new Map<string, TenantHub>();
  const pages = new Map<TenantHub, Set<PageFeed>>();
  const stepsTold = new Map<TenantHub, number>();
  const pasts = options.past === undefined ? undefined : new Pasts(options.past, pastBounds, redact);
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  const hubOf = (tenant: string): TenantHub | undefined => {
    const known = hubs.get(tenant);
    if (known !== undefined || hubs.size >= bounds.tenantsMax) return known;
    const hub = new TenantHub(hubOptions);
    hubs.set(tenant, hub);
    return hub;
  };

  const tick = (): void => {
    const at = now();
    for (const [hub, feeds] of pages) {
      const changed = hub.takeChanged();
      const all = hub.steps - (stepsTold.get(hub) ?? 0);
      const fresh = Math.min(all, bounds.tapeStepsMax);
      stepsTold.set(hub, hub.steps);
      const steps = fresh === 0 ? [] : hub.tape().slice(-fresh);
      for (const feed of feeds) {
        feed.mark(changed, steps, all - fresh);
        feed.tick(at);
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
    connect(tenant, out) {
      const hub = hubOf(tenant);
      if (hub === undefined) {
        throw new FlockworkError('too_many_requests', `the inspector shows ${bounds.tenantsMax} tenants (tenantsMax); this one has no room`, {
          details: { bound: 'tenantsMax', max: bounds.tenantsMax },
        });
      }
      const feeds = pages.get(hub) ?? new Set();
      if (feeds.size === 0) stepsTold.set(hub, hub.steps);
      const feed = new PageFeed(hub, out, bounds, redact);
      feeds.add(feed);
      pages.set(hub, feeds);
      timer ??= setInterval(tick, bounds.tickMs).unref();
      let open = true;
      const desk = new PastDesk(
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
          if (parsed.data.type === 'past') desk.ask(parsed.data);
          else feed.take(parsed.data);
        },
        close() {
          if (!open) return;
          open = false;
          desk.close();
          feed.close();
          feeds.delete(feed);
          if (feeds.size === 0) pages.delete(hub);
          if (pages.size > 0 || timer === undefined) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

const noPast = (): FlockworkError => new FlockworkError('not_found', 'this inspector has no journals to look back at');
