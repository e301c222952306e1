import { readFile, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { FlockworkClient } from '../client/index.ts';
import type { LoadedConfig, NodeRole } from '../config/index.ts';
import type { FlockworkNode } from '../node/index.ts';
import { hasCode, readEndpoints } from './endpoints.ts';
import { type CommandIo, note } from './io.ts';
import { loadSettings, type SettingOptions } from './settings.ts';

export interface ConnectionOptions extends SettingOptions {
  readonly connect?: string;
  readonly tokenFile?: string;
  readonly identityFile?: string;
}

/** A client and what stands behind it: a node elsewhere (`address`), or one in this process (`node`). */
export interface Session {
  readonly client: FlockworkClient;
  readonly address?: string;
  readonly node?: FlockworkNode;
  /** What stands behind it works on a goal of its own, and takes no other. */
  readonly private?: boolean;
  close(): Promise<void>;
}

/** The token of this command line: FLOCKWORK_TOKEN, or the file named. Never an argument, which others could read in the process list. */
export async function readToken(io: CommandIo, { tokenFile }: ConnectionOptions): Promise<string | undefined> {
  if (tokenFile !== undefined) {
    try {
      return (await readFile(resolve(io.cwd, tokenFile), 'utf8')).trim();
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new FlockworkError('usage', `--token-file ${tokenFile} cannot be read (${reason})`, { cause: error });
    }
  }
  const token = io.env['FLOCKWORK_TOKEN'];
  return token === '' ? undefined : token;
}

/** For QUIC: whom the node knows this user as. A file that is not there is made, and the peer id told, for the list of a node. */
export async function readIdentity(io: CommandIo, { identityFile }: ConnectionOptions): Promise<Uint8Array | undefined> {
  const named = identityFile ?? io.env['FLOCKWORK_IDENTITY_FILE'];
  if (named === undefined || named === '') return undefined;
  const file = resolve(io.cwd, named);
  try {
    return await readFile(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw new FlockworkError('usage', `the identity ${named} cannot be read (${String(error)})`, { cause: error });
  }
  const { createIdentity } = await import('../client/index.ts');
  const { identity, peer } = await createIdentity();
  await writeFile(file, identity, { mode: 0o600, flag: 'wx' });
  note(io, `flockwork: made the identity ${named}; its peer id is ${peer}`);
  return identity;
}

/** The address that was named: --connect, else FLOCKWORK_CONNECT. */
export function namedAddress(io: CommandIo, { connect }: ConnectionOptions): string | undefined {
  const named = connect ?? io.env['FLOCKWORK_CONNECT'];
  return named === '' ? undefined : named;
}

/** Where a node is, as its data folder tells. */
export interface LiveNode {
  readonly address: string;
  readonly private: boolean;
  readonly token?: string | undefined;
}

/** Connects to a node. Throws `connection_lost`, `unauthorized`, `version_unsupported` … */
export async function connectTo(io: CommandIo, options: ConnectionOptions, node: string | LiveNode): Promise<Session> {
  const { address, private: own, ...known }: LiveNode = typeof node === 'string' ? { address: node, private: false } : node;
  const quic = address.startsWith('/');
  const [{ connect }, token, identity] = await Promise.all([
    import('../client/index.ts'),
    known.token ?? readToken(io, options),
    quic ? readIdentity(io, options) : undefined,
  ]);
  const client = await connect(address, { token, identity });
  return { client, address, private: own, close: () => client.close() };
}

/** The live node of a data folder. */
export async function liveNode(dataDir: string): Promise<LiveNode | undefined> {
  const endpoints = await readEndpoints(dataDir);
  const address = endpoints?.ws ?? endpoints?.http;
  return address === undefined ? undefined : { address, private: endpoints?.private === true, token: endpoints?.token };
}

/** Throws where a goal could not be begun or resumed, as the process at the other end ends with its own. */
export function expectNode({ private: own }: Pick<LiveNode, 'private'> | Session, dataDir: string): void {
  if (own !== true) return;
  throw new FlockworkError(
    'data_dir_locked',
    `a flockwork run works on ${dataDir} until its goal has ended, and takes no other; wait for it, use another --data-dir, or run a node that takes many with flockwork start`,
    { details: { dataDir } },
  );
}

export interface EmbeddedOptions {
  /** `none`: no goal will be submitted here. Default `choose`. */
  readonly model?: 'choose' | 'none';
  /** The user's other terminals may see and steer what it works on. */
  readonly steered?: boolean;
}

/** Starts a node inside this process. It leaves what dead processes left alone until it is told to take a goal up. */
export async function embeddedSession(
  io: CommandIo,
  config: LoadedConfig,
  roles: readonly NodeRole[],
  { model = 'choose', steered = false }: EmbeddedOptions = {},
): Promise<Session> {
  const { startNode } = await import('../node/index.ts');
  const node = await startNode({ config, roles, listen: steered ? 'private' : false, takeUp: 'own', model, onNote: (line) => note(io, line) });
  const client = node.client();
  return {
    client,
    node,
    async close() {
      await client.close();
      await node.stop();
    },
  };
}

/** A client of a node that runs: the address named, else the live node of the data folder. Throws `no_node`. */
export async function liveSession(io: CommandIo, options: ConnectionOptions): Promise<Session> {
  const named = namedAddress(io, options);
  if (named !== undefined) return connectTo(io, options, named);
  const { dir } = (await loadSettings(io, options)).values.data;
  const live = await liveNode(dir);
  if (live === undefined) throw noNode(dir);
  return connectTo(io, options, live);
}

/** A client of a node that runs, else of one in this process on the same data folder, with the roles that the command needs; no goal is submitted to it. */
export async function anySession(io: CommandIo, options: ConnectionOptions, roles: readonly NodeRole[], steered = false): Promise<Session> {
  const named = namedAddress(io, options);
  if (named !== undefined) return connectTo(io, options, named);
  const config = await loadSettings(io, options);
  const { dir } = config.values.data;
  const live = await liveNode(dir);
  if (live !== undefined) return connectTo(io, options, live);
  if (!(await isFolder(dir))) throw noNode(dir, 'and there is no such data folder');
  return embeddedSession(io, config, roles, { model: 'none', steered });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}

function noNode(dir: string, more = ''): FlockworkError {
  const reason = more === '' ? `no node runs on ${dir}` : `no node runs on ${dir}, ${more}`;
  return new FlockworkError('no_node', `${reason}; begin one with flockwork start, or name one with --connect`, { details: { dataDir: dir } });
}

/** Runs `use` with a session and closes it, whatever comes. */
export async function withSession<Result>(session: Session, use: (session: Session) => Promise<Result>): Promise<Result> {
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
