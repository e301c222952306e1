import { z } from 'zod';
import { manifestFilesMax, quotaDefault } from '../../protocols/goals/goal.ts';

/** The longest wait that a timer of this platform can hold, in milliseconds. */
export const waitMsMax = 2_147_483_647;

const milliseconds = (fallback: number, meaning: string, least = 1) => z.int().min(least).max(waitMsMax).default(fallback).describe(meaning);
const count = (fallback: number, meaning: string, least = 1) => z.int().min(least).default(fallback).describe(meaning);
const text = (fallback: string, meaning: string) => z.string().default(fallback).describe(meaning);
const port = (fallback: number, meaning: string) => z.int().min(0).max(65_535).default(fallback).describe(meaning);

export const nodeRoles = ['gateway', 'coordinator', 'worker'] as const;
export type NodeRole = (typeof nodeRoles)[number];

const nameToken = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, dashes and underscores');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex');

const node = z
  .strictObject({
    id: z
      .union([nameToken, z.literal('')])
      .default('')
      .describe('Name of this node in lists and leases; empty: host name and a random end.'),
    roles: z
      .array(z.enum(nodeRoles))
      .min(1)
      .default([...nodeRoles])
      .describe('What this process does: gateway (takes requests), coordinator (drives goals), worker (runs agents).'),
    drainMs: milliseconds(30_000, 'How long a stopping node waits for the work in hand, in milliseconds.', 0),
  })
  .prefault({})
  .describe('This process.');

const data = z
  .strictObject({
    dir: z
      .string()
      .min(1)
      .default('./.flockwork')
      .describe('The data folder. A relative path counts from the working folder, or from the folder of the configuration file that names it.'),
  })
  .prefault({})
  .describe('Where the node keeps what it must not lose.');

const http = z
  .strictObject({
    host: text('127.0.0.1', 'Address to listen on. Any other than loopback needs auth.mode = "token".'),
    port: port(9090, 'Port for HTTP and WebSocket; 0 takes a free one.'),
  })
  .prefault({})
  .describe('HTTP and WebSocket.');

const websocket = z
  .strictObject({
    engine: z
      .enum(['auto', 'uws', 'ws'])
      .default('auto')
      .describe(
        'ws: on the HTTP port only, where it always is. uws: uWebSockets.js on a port of its own too, or the node does not start. auto: uws where it is installed.',
      ),
    port: port(0, 'Port of the engine uws, on the address of http.host; 0 takes a free one.'),
  })
  .prefault({})
  .describe('The WebSocket engine.');

const quic = z
  .strictObject({
    enabled: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe(
        'auto: on where its native module loads and the port is free, else a note. on: or the node does not start; so too when another key of this section is set.',
      ),
    host: text('', 'Address to listen on; empty: the one of http.host. Any other than loopback needs auth.mode = "token", or allowedPeers.'),
    port: port(4433, 'UDP port; 0 takes a free one.'),
    allowedPeers: z
      .array(
        z.strictObject({ peer: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{46,64}$/, 'must be a peer id, as 12D3Koo…'), tenant: nameToken.default('default') }),
      )
      .max(10_000)
      .default([])
      .describe('The only peers that may connect, each with the tenant it speaks for; they need no token. Empty: everyone, and the token decides.'),
    identityFile: text('', 'The private key that is the peer id of this node; made when missing. Empty: quic-identity.key in the data folder.'),
    connectionsMax: count(1_000, 'Connections that may be open.'),
    handshakesMax: z.int().min(1).max(10_000).default(256).describe('Handshakes that may be under way at once.'),
    streamsPerConnectionMax: z.int().min(1).max(1_000).default(64).describe('Streams of one connection; a client needs one.'),
  })
  .prefault({})
  .describe('QUIC, as libp2p speaks it.');

const tcp = z
  .strictObject({
    enabled: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe('auto: on when another key of this section is set. It needs the packages @libp2p/tcp, @chainsafe/libp2p-noise and @chainsafe/libp2p-yamux.'),
    host: text('', 'Address to listen on; empty: the one of http.host. Any other than loopback needs auth.mode = "token", or quic.allowedPeers.'),
    port: port(4433, 'TCP port; 0 takes a free one.'),
  })
  .prefault({})
  .describe('The streams of QUIC over TCP, with noise and yamux of libp2p. Identity, allowedPeers and bounds are those of [quic].');

const auth = z
  .strictObject({
    mode: z.enum(['loopback', 'token']).default('loopback').describe('loopback: no token is needed from this machine. token: every connection needs one.'),
    tokens: z
      .array(z.strictObject({ tenant: nameToken, sha256, admin: z.boolean().default(false) }))
      .max(10_000)
      .default([])
      .describe('Accepted bearer tokens by the SHA-256 of their bytes, each with the tenant it speaks for; admin = true lets it change the configuration.'),
    tokenFile: text('', 'A file with one `tenant token` or `tenant token admin` per line, for instance a mounted secret; adds to tokens.'),
  })
  .prefault({})
  .describe('Who may connect.');

const bus = z
  .strictObject({
    kind: z
      .enum(['embedded', 'nats'])
      .default('embedded')
      .describe('embedded: one process, SQLite in the data folder. nats: JetStream, never replaced silently.'),
    natsUrl: z
      .array(z.string().min(1))
      .max(64)
      .default([])
      .describe('Addresses of the NATS servers, as nats://host:4222; local starts the nats-server found on PATH beside the node, for this machine only.'),
    credsFile: text('', 'A credentials file of NATS, for servers with accounts. Name this or nkeyFile; user and password may stand in natsUrl.'),
    nkeyFile: text('', 'A file with the seed of an nkey (SU…).'),
    tlsCaFile: text('', 'The certificates (PEM) that servers at tls:// addresses are trusted by; empty: those of the system.'),
    tlsCertFile: text('', 'The certificate (PEM) that this node shows, where the servers ask for one.'),
    tlsKeyFile: text('', 'The private key (PEM) of tlsCertFile.'),
    domain: text('', 'The JetStream domain, where the servers have one; empty: none.'),
    tenant: z
      .union([nameToken, z.literal('')])
      .default('')
      .describe('The one tenant that the nodes of this bus serve; its streams on NATS are then its own, so that permissions can bind it. Empty: all tenants.'),
    replicas: z.literal([1, 3]).default(1).describe('Copies of every stream on NATS: 1, or 3 on a cluster of servers 2.10 or newer.'),
    ackWaitMs: milliseconds(30_000, 'How long a worker may be silent before its task is given to another, in milliseconds.', 1_000),
    leaseMs: milliseconds(
      10_000,
      'How long the shards of a node that has died stay with it, in milliseconds. Keep it above the time in which the bus elects a leader.',
      1_000,
    ),
    clockOffsetMaxMs: milliseconds(
      30_000,
      'How far the clock of this node may be from that of the NATS servers before it owns no shards and takes no work, in milliseconds.',
      100,
    ),
  })
  .prefault({})
  .describe('What carries journals, queues and messages.');

const journal = z
  .strictObject({
    sync: z.enum(['full', 'off']).default('full').describe('full: every acknowledged record is on the disk. off: a power cut may lose the last ones.'),
    snapshotRecords: count(256, 'Records of one actor between two snapshots of its state.'),
  })
  .prefault({})
  .describe('The durable log of every actor.');

const model = z
  .strictObject({
    name: text('', 'The model, as provider/name; empty: OPENAI_*, then ANTHROPIC_*, then OLLAMA_HOST, then the built-in offline model.'),
    firstByteMaxMs: milliseconds(60_000, 'How long a model may take to its first byte, in milliseconds.'),
    idleMaxMs: milliseconds(60_000, 'How long a stream of a model may pause, in milliseconds.'),
    outputTokensMax: count(4_096, 'The most tokens of one reply.'),
  })
  .prefault({})
  .describe('Which model the agents ask, and how patiently.');

const openai = z
  .strictObject({
    baseUrl: text('', 'Base URL of an OpenAI-compatible server; empty: the one of OpenAI.'),
    model: text('', 'The model to ask when none is named; empty: the first that the server lists.'),
    apiKeyEnv: text('OPENAI_API_KEY', 'The environment variable that holds the API key. The key itself never stands in a configuration.'),
    apiKeyFile: text('', 'A file that holds the API key, for instance a mounted secret; wins over apiKeyEnv.'),
  })
  .prefault({})
  .describe('The provider "openai": OpenAI, or any server that speaks Chat Completions.');

const anthropic = z
  .strictObject({
    baseUrl: text('', 'Base URL of a server that speaks Anthropic Messages, with or without /v1 at its end; empty: the one of Anthropic.'),
    model: text('claude-sonnet-5-5', 'The model to ask when none is named. Left at its default with another baseUrl: the first that the server lists.'),
    apiKeyEnv: text('ANTHROPIC_API_KEY', 'The environment variable that holds the API key. The key itself never stands in a configuration.'),
    apiKeyFile: text('', 'A file that holds the API key, for instance a mounted secret; wins over apiKeyEnv.'),
  })
  .prefault({})
  .describe('The provider "anthropic": Anthropic, or any server that speaks its Messages.');

const ollama = z
  .strictObject({
    baseUrl: text('', 'Base URL of an Ollama server, as OLLAMA_HOST names it; empty: http://127.0.0.1:11434/v1.'),
    model: text('', 'The model to ask when none is named; empty: the first that the server lists.'),
  })
  .prefault({})
  .describe('The provider "ollama", used when OLLAMA_HOST or a model name ollama/… says so.');

const usd = (meaning: string) => z.number().min(0).max(1_000_000).describe(meaning);
const price = z.strictObject({
  input: usd('USD for a million input tokens.'),
  output: usd('USD for a million output tokens.'),
  cacheRead: usd('USD for a million input tokens read from the cache; absent: as input.').optional(),
  cacheWrite: usd('USD for a million input tokens written to the cache; absent: as input.').optional(),
});
const prices = z
  .record(z.string(), price)
  .default({})
  .describe('Prices by model, as [prices."openai/some-model"], in USD for a million tokens. A model without a price has no cost, and says so.');

const workspace = z
  .strictObject({
    roots: z.array(z.string().min(1)).max(256).default([]).describe('Folders of this machine that inputs of kind `path` may name.'),
    filesMax: z.int().min(1).max(manifestFilesMax).default(manifestFilesMax).describe('The most files of one input.'),
    bytesMax: count(536_870_912, 'The most bytes of one input.'),
  })
  .prefault({})
  .describe('The files that goals work on.');

const worker = z
  .strictObject({
    concurrency: z.int().min(1).max(1_024).default(16).describe('Agents at work at once on this node.'),
    pools: z.array(nameToken).min(1).max(64).default(['default']).describe('The pools whose tasks this node pulls.'),
  })
  .prefault({})
  .describe('The worker role.');

const tools = z
  .strictObject({
    sandbox: z
      .enum(['bubblewrap', 'none'])
      .default('bubblewrap')
      .describe('What isolates system.run. A sandbox that cannot be had refuses to run; none is used only when named here.'),
    timeoutMs: milliseconds(30_000, 'How long one tool call may take, in milliseconds.'),
    approvalMs: milliseconds(3_600_000, 'How long a call waits for an approval, in milliseconds.'),
    approvalTimeout: z.enum(['deny', 'allow']).default('deny').describe('What happens to a call that nobody has decided on in time.'),
    outputCharsMax: z.int().min(100).max(60_000).default(10_000).describe('The most characters of one tool answer; the rest is cut with a mark.'),
  })
  .prefault({})
  .describe('What agents may use.');

const cell = z
  .strictObject({
    mailboxMessagesMax: count(1_000, 'Messages that may wait for one actor.'),
    inboxSeenMax: count(10_000, 'Message ids that one actor remembers to drop repeats.'),
    openingsMax: count(5, 'Openings of one actor without progress before it is given up as poisoned.'),
    idleMs: milliseconds(60_000, 'How long an actor without work stays in memory, in milliseconds.'),
  })
  .prefault({})
  .describe('The host of one actor.');

const strategy = z
  .strictObject({
    fanIn: z.int().min(2).max(64).default(8).describe('Partial results that one reduce task merges.'),
    taskAttemptsMax: z.int().min(1).max(100).default(3).describe('Attempts of one task before it fails for good.'),
    stragglerFactor: z.number().min(1).max(1_000).default(3).describe('A task that takes this many times the median is tried a second time beside the first.'),
  })
  .prefault({})
  .describe('How goals are divided.');

const limits = z
  .strictObject({
    connectionsMax: count(1_000, 'Open connections.'),
    watchesMax: count(5_000, 'Watches over all connections.'),
    requestsInFlightMax: count(64, 'Unanswered requests of one connection.'),
    inspectorPagesMax: count(64, 'Inspector pages connected at the same time.'),
    jsonDepthMax: z.int().min(4).max(1_000).default(64).describe('The deepest nesting of a JSON message.'),
  })
  .prefault({})
  .describe('Bounds of the gateway.');

const inspector = z
  .strictObject({
    tickMs: milliseconds(100, 'How often a page is sent what changed, in milliseconds.', 10),
    rowsPerTickMax: count(300, 'Changed actors told to one page in one tick; the others wait, and are counted.'),
    tapeRowsPerTickMax: count(40, 'Steps on the tape of one page in one tick; what is left out is counted.'),
    tapeStepsMax: count(256, 'The last steps of a tenant, kept so that a tape that is opened does not begin empty.'),
    actorStepsMax: count(16, 'The last steps kept of each actor.'),
    actorMovesMax: count(48, 'Different moves kept of each actor.'),
    watchedStepsPerTickMax: count(200, 'Steps of watched actors told to one page in one tick; above it the oldest are left out and counted.'),
    watchedActorsMax: count(8, 'Actors that one page watches in full.'),
    visibleActorsMax: count(256, 'Actors that a page names as visible; they are told first.'),
    actorsMax: count(20_000, 'Actors of one tenant that are known at the same time.'),
    endedActorsMax: count(4_000, 'Actors of one tenant that have ended and are still shown.'),
    tenantsMax: count(256, 'Tenants with actors at the same time; those of further ones are not shown.'),
    namesMax: count(1_024, 'Different event names; further ones are shown as `other`.'),
    bufferedBytesMax: count(1_048_576, 'Unread bytes of a page above which its frames wait.', 1_024),
    remoteMs: milliseconds(300, 'How often another node is asked what changed there while a page is open, in milliseconds.', 10),
    remoteAnswerMs: milliseconds(2_000, 'How long the answer of another node is waited for, in milliseconds.', 10),
    remoteListMs: milliseconds(3_000, 'How often the list of nodes is read again while a page is open, in milliseconds.', 10),
  })
  .prefault({})
  .describe('Bounds of the inspector page.');

const quota = z
  .strictObject({
    maxTicks: z.int().min(1).max(10_000).default(quotaDefault.maxTicks).describe('Rounds of one agent.'),
    maxToolCalls: count(quotaDefault.maxToolCalls, 'Tool calls of one goal.', 0),
    maxTokens: count(quotaDefault.maxTokens, 'Tokens of one goal.'),
    maxMemoryKeys: count(quotaDefault.maxMemoryKeys, 'Memory keys of one goal.', 0),
    maxCostUsd: z.number().min(0).default(quotaDefault.maxCostUsd).describe('Cost of one goal in USD, as far as prices are known.'),
    maxSeconds: z.number().positive().max(2_592_000).default(quotaDefault.maxSeconds).describe('Seconds of one goal.'),
  })
  .prefault({})
  .describe('What a goal may use when it does not say otherwise.');

const profile = z.strictObject({
  model: z.string().min(1).optional().describe('The model, as provider/name.'),
  system: z.string().max(65_536).optional().describe('The system prompt, in place of the built-in one.'),
  tools: z.array(z.string().min(1)).max(256).optional().describe('The tools it may use; absent: all.'),
  outputTokensMax: z.int().min(1).optional().describe('The most tokens of one reply.'),
  approve: z.array(z.string().min(1)).max(256).optional().describe('Tools whose calls wait until somebody approves them.'),
});
const profiles = z.record(nameToken, profile).default({}).describe('Named agent configurations, as [profiles.reviewer], chosen with --profile.');

const log = z
  .strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info').describe('What is logged, in areas that `areas` does not name.'),
    areas: z
      .array(
        z
          .string()
          .regex(
            /^(node|goal|agent|model|tool|telemetry)=(trace|debug|info|warn|error|silent)$/,
            'write area=level; areas are node, goal, agent, model, tool, telemetry, and levels trace, debug, info, warn, error, silent',
          ),
      )
      .max(32)
      .default([])
      .describe('Levels of single areas, as "model=debug"; the areas are node, goal, agent, model, tool, telemetry.'),
    format: z
      .enum(['auto', 'text', 'json'])
      .default('auto')
      .describe('How `start` writes its log to stderr. auto: text for a person on a terminal, else JSON lines after the first line.'),
    file: text('', 'A file for the log, as JSON lines; SIGHUP opens it again after a rotation. Empty: stderr.'),
  })
  .prefault({})
  .describe('Logs.');

/** The whole configuration. Each key carries its meaning; the reference page and the example file are made from it. */
export const configSchema = z.strictObject({
  node,
  data,
  http,
  websocket,
  quic,
  tcp,
  auth,
  bus,
  journal,
  model,
  openai,
  anthropic,
  ollama,
  prices,
  workspace,
  worker,
  tools,
  cell,
  strategy,
  limits,
  inspector,
  quota,
  profiles,
  log,
});

/** The configuration in force. Holds references to secrets, never a secret. */
export type Config = z.infer<typeof configSchema>;
