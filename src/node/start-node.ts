import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { agentKind } from '../../actors/agent/agent.kind.ts';
import { Kinds } from '../../actors/cell/kinds.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Clock } from '../../actors/ports/clock.ts';
import type { Models } from '../../actors/ports/models.ts';
import type { Observer } from '../../actors/ports/observer.ts';
import type { Tools } from '../../actors/ports/tools.ts';
import type { NodeResult } from '../../protocols/wire/results.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import { Approvals } from '../../swarm/goals/approvals.ts';
import { Goals } from '../../swarm/goals/goals.ts';
import { Adoption } from '../../swarm/owner/adoption.ts';
import { OpenCells } from '../../swarm/owner/open-cells.ts';
import { memberKind } from '../../swarm/protocol/member.kind.ts';
import { SwarmProtocol, type SwarmProtocolOptions } from '../../swarm/protocol/swarm-protocol.ts';
import type { SwarmHost } from '../../swarm/swarm-host.ts';
import { NodeLease, nodeIds } from '../../swarm/worker/node-lease.ts';
import { Worker } from '../../swarm/worker/worker.ts';
import { createClient, type FlockworkClient } from '../client/index.ts';
import type { LoadedConfig, NodeRole } from '../config/index.ts';
import { createAuthorizer, createDispatcher, type Gateway, type GatewayAuth, openPrivateEndpoint, startGateway } from '../gateway/index.ts';
import { createInspector } from '../inspector/index.ts';
import type { ModelChoice } from '../models/index.ts';
import type { Log } from '../telemetry/index.ts';
import { createLeakScan, type Tool } from '../tools/index.ts';
import { DeadLetters } from './dead-letters.ts';
import { removeNodeFiles, writeEndpoints, writePid } from './endpoints-file.ts';
import { everyObserver } from './every-observer.ts';
import { createGatewayHost } from './gateway-host.ts';
import { libp2pOptions } from './libp2p-options.ts';
import { LiveConfig } from './live-config.ts';
import { modelFor } from './model-choice.ts';
import { nodeFigures } from './node-figures.ts';
import { createNotes } from './notes.ts';
import { createOwnership } from './ownership.ts';
import { cellBounds, gatewayBounds, goalSettings, modelCheck, modelsOf, openBus, toolsOf } from './parts.ts';
import { createReadiness } from './readiness.ts';
import { systemClock } from './system-clock.ts';
import { systemIds } from './system-ids.ts';
import { createNodeTelemetry } from './telemetry.ts';
import { version } from './version.ts';

/** The parts of a node that reach outside, as they may be wrapped. */
export interface NodeParts {
  readonly bus: Bus;
  readonly models: Models;
  readonly tools: Tools;
}

export interface NodeOptions {
  readonly config: LoadedConfig;
  readonly roles: readonly NodeRole[];
  /** Open the ports of the gateway; false = clients of this process only. `private`: beside them the user's other terminals, which bring no goals. */
  readonly listen: boolean | 'private';
  /** `own`: goals that dead processes left stay as they are until they are resumed or cancelled through this node. Default `all`. */
  readonly takeUp?: 'all' | 'own';
  /** `none`: no model is looked for, as no goal will be submitted here; those there are name theirs. Default `choose`. */
  readonly model?: 'choose' | 'none';
  /** Something an operator should know, one line. */
  readonly onNote?: (line: string) => void;
  /** Takes the notes in place of `onNote`, and what happens to goals. */
  readonly log?: Log;
  /** Tools beside the built-in ones, made with `defineTool`. */
  readonly tools?: readonly Tool[];
  /** Where the node takes its time from. Default: the clock of the machine. */
  readonly clock?: Clock;
  /** Sees what every actor does; nothing it does can hurt one. */
  readonly observe?: Observer;
  /** Wraps what reaches outside, before anything uses it: for counting, tracing, and fault injection. */
  readonly wrap?: (parts: NodeParts) => NodeParts;
}

export interface FlockworkNode {
  readonly id: string;
  /** What clients can connect to, when listening. */
  readonly endpoints: readonly { readonly name: string; readonly address: string }[];
  readonly busKind: string;
  readonly dataDir: string;
  readonly model: { readonly model: string; readonly why: string };
  /** Takes up a goal that a dead process left, where `takeUp` is `own`. */
  takeUp(goalId: string, tenant?: string): void;
  /**
   * Makes a member of a fixed group of processes, which speak to each other over the bus, elect a leader and decide together; started, and stopped
   * with the node. What it says, hears and promises is in its journal, under the name of the group.
   */
  member(options: MemberOptions): Promise<SwarmProtocol>;
  /** A client inside this process. */
  client(tenant?: string): FlockworkClient;
  /** Takes no new work, gives agents up to `drainMs` to end, and closes everything; the journals go on at the next start. */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

/** A member of a group, as `FlockworkNode.member` makes it. */
type MemberOptions = Omit<SwarmProtocolOptions, 'bus' | 'clock' | 'ids' | 'tenant'> & { readonly tenant?: string };

const noModel: ModelChoice = { model: '', why: 'no goal is submitted here' };

/** Starts a node: the one place where everything is put together. */
export async function startNode(options: NodeOptions): Promise<FlockworkNode> {
  const { config, roles } = options;
  const { log, clock = systemClock } = options;
  const tell = log === undefined ? options.onNote : (line: string) => log.write({ level: 'warn', area: 'node', message: line });
  const onNote = createNotes(tell ?? (() => undefined), clock);
  const { values } = config;
  const tenantDefault = values.bus.tenant === '' ? 'default' : values.bus.tenant;
  const dataDir = resolve(values.data.dir);
  const id =
    values.node.id === ''
      ? `${hostname()
          .replace(/[^A-Za-z0-9_-]/g, '-')
          .slice(0, 40)}-${randomBytes(4).toString('hex')}`
      : values.node.id;
  const live = new LiveConfig(config);
  const model = options.model === 'none' ? noModel : await modelFor(config);
  const checkModel = modelCheck(config, roles);
  if (model !== noModel) checkModel(model.model);
  const opened = await openBus(config, { dataDir, node: id, roles, clock, onNote });
  const undo: (() => Promise<void> | void)[] = [() => opened.close()];
  try {
    writePid(dataDir);
    undo.push(() => removeNodeFiles(dataDir));
    const telemetry = await createNodeTelemetry({ config, node: id, journal: opened.journal, log, onNote });
    undo.push(() => telemetry.stop());
    const gate = toolsOf(config, opened, dataDir, options.tools ?? [], telemetry.sandbox);
    log?.follow(() => live.values.log);
    const { bus, models, tools } = telemetry.wrap(wrapped(options, { bus: opened, models: modelsOf(config, live), tools: gate }));
    const kinds = new Kinds([agentKind, coordinatorKind, memberKind] as never);
    const cells = new OpenCells();
    const adoption = new Adoption(options.takeUp ?? 'all');
    const deadLetters = new DeadLetters(bus, id, onNote);
    const listens = options.listen === true && roles.includes('gateway');
    const redact = createLeakScan(config.secrets).redact;
    const past = { journal: bus.journal, kinds, seenMax: values.cell.inboxSeenMax };
    const remote = { node: id, pubsub: bus.pubsub, nodes: () => nodeIds(bus.registry) };
    // Beside others a node without a page tells them of its actors when they ask.
    const inspector = listens || bus.kind !== 'embedded' ? createInspector({ bounds: values.inspector, redact, past, remote }) : undefined;
    await inspector?.start();
    undo.push(() => inspector?.stop());
    const observe = everyObserver([telemetry.observe, inspector?.observe, options.observe]);
    const host: SwarmHost = {
      node: id,
      bus,
      clock,
      ids: systemIds,
      models,
      tools,
      kinds,
      cellBounds: cellBounds(config),
      onDead: deadLetters.take,
      ...(observe === undefined ? {} : { observe }),
      note: onNote,
    };
    const settings = goalSettings(live, model, { bus, specs: gate.specs(), checkModel });
    const goals = new Goals(host, settings, (tenant, root) => adoption.add(tenant, root));
    const worker = roles.includes('worker')
      ? new Worker({ host, cells, adoption, pools: values.worker.pools, concurrency: values.worker.concurrency })
      : undefined;
    let draining = false;
    const readiness = createReadiness({ health: opened.health, clockOffsetMaxMs: values.bus.clockOffsetMaxMs, draining: () => draining });
    const ownership = roles.includes('coordinator')
      ? createOwnership(bus, { host, cells, adoption, idleMs: values.cell.idleMs, leaseMs: values.bus.leaseMs, mayOwn: readiness.clockFits })
      : undefined;
    const startedAt = new Date().toISOString();
    const self = (): NodeResult => ({
      id,
      roles,
      version,
      startedAt,
      shards: ownership?.shards ?? 0,
      ...readiness.told(),
      load: { goals: cells.all().filter((cell) => cell.address.actor === 'coordinator' && !cell.ended).length, agents: worker?.load ?? 0 },
    });
    telemetry.add(nodeFigures({ node: id, bus, pools: values.worker.pools, cells, worker, ownership, deadLetters, onNote }));
    const gatewayHost = createGatewayHost({
      config: live,
      version,
      bus,
      kinds,
      goals,
      approvals: new Approvals(host),
      self,
      notReady: readiness.reasons,
      deadLetters,
      metrics: telemetry.metrics,
    });
    const lease = new NodeLease({
      registry: bus.registry,
      clock,
      node: id,
      describe: () => JSON.stringify(self()),
      note: onNote,
      leaseMs: values.bus.leaseMs,
    });
    await lease.start();
    undo.push(() => lease.stop());
    // The queue keeps what is pushed before the worker pulls: take the shards first, so that no end is missed.
    await ownership?.start();
    undo.push(async () => ownership?.stop());
    worker?.start();
    undo.push(() => worker?.stop(0));

    const auth: GatewayAuth = values.auth.mode === 'token' ? { mode: 'token', tokens: config.grants } : { mode: 'loopback', tenant: tenantDefault };
    const limits = gatewayBounds(live);
    const onFault = (error: unknown, where: string): void => onNote(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    let gateway: Gateway | undefined;
    let local: Pick<Gateway, 'connectLocal'>;
    if (listens) {
      gateway = await startGateway({
        host: gatewayHost,
        bus,
        auth,
        bind: { host: values.http.host, httpPort: values.http.port },
        ...libp2pOptions(config, dataDir),
        webSocket: values.websocket,
        limits,
        ...(inspector === undefined ? {} : { inspector }),
        onNote,
        onFault,
      });
      const { httpUrl, wsUrl, quicAddress, tcpAddress } = gateway;
      undo.push(() => gateway?.stop());
      writeEndpoints(dataDir, {
        pid: process.pid,
        node: id,
        http: httpUrl,
        ws: wsUrl,
        ...(quicAddress === undefined ? {} : { quic: quicAddress }),
        ...(tcpAddress === undefined ? {} : { tcp: tcpAddress }),
        startedAt,
      });
      local = gateway;
    } else {
      const dispatcher = createDispatcher({
        host: gatewayHost,
        bus,
        authorizer: createAuthorizer({ mode: 'loopback', tenant: tenantDefault }),
        limits,
        onFault,
      });
      await dispatcher.start();
      undo.push(() => dispatcher.stop());
      local = { connectLocal: (tenant) => dispatcher.local(tenant) };
      // On a bus of many processes the data folder is not this one's alone.
      if (options.listen === 'private' && bus.kind === 'embedded') {
        const token = randomBytes(24).toString('base64url');
        const authorizer = createAuthorizer({ mode: 'token', tokens: [{ tenant: tenantDefault, token, admin: true }] });
        const endpoint = await openPrivateEndpoint({ host: gatewayHost, bus, authorizer, limits, onFault });
        undo.push(() => endpoint.stop());
        writeEndpoints(dataDir, { pid: process.pid, node: id, ws: endpoint.wsUrl, private: true, token, startedAt });
      }
    }

    let stopping: Promise<void> | undefined;
    const stop = async (drainMs: number): Promise<void> => {
      draining = true;
      await worker?.stop(drainMs);
      for (const step of undo.reverse()) await step();
    };
    return {
      id,
      endpoints: gateway === undefined ? [] : endpointsOf(gateway),
      busKind: bus.kind,
      dataDir,
      model,
      takeUp: (goalId, tenant = tenantDefault) => adoption.add(tenant, goalId),
      async member({ tenant = tenantDefault, ...member }) {
        const joined = new SwarmProtocol({ ...member, tenant, bus, clock, ids: systemIds });
        undo.push(() => joined.stop());
        await joined.start();
        return joined;
      },
      client: (tenant = tenantDefault) => createClient(local.connectLocal(tenant)),
      stop: ({ drainMs = 0 } = {}) => (stopping ??= stop(drainMs)),
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

function endpointsOf({ httpUrl, wsUrl, quicAddress, tcpAddress }: Gateway): FlockworkNode['endpoints'] {
  return [
    { name: 'http', address: httpUrl },
    { name: 'ws', address: wsUrl },
    ...(quicAddress === undefined ? [] : [{ name: 'quic', address: quicAddress }]),
    ...(tcpAddress === undefined ? [] : [{ name: 'tcp', address: tcpAddress }]),
  ];
}

function wrapped({ wrap }: NodeOptions, parts: NodeParts): NodeParts {
  return wrap === undefined ? parts : wrap(parts);
}
