import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { failureOf } from '../../../protocols/errors/error.ts';
import type { LoadedConfig } from '../../config/index.ts';
import { hasCode, readEndpoints } from '../endpoints.ts';
import { exitCodes } from '../exit.ts';
import { type CommandIo, printJson, printLine } from '../io.ts';
import { bytes } from '../output/figures.ts';
import { printable, table } from '../output/table.ts';
import { embeddedSession } from '../session.ts';
import { loadSettings, type SettingOptions } from '../settings.ts';

export interface DoctorOptions extends SettingOptions {
  readonly json?: boolean;
}

/** `fail` makes the command fail: something that this configuration needs is not there. `warn`: something is left out. */
interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

const nodeVersionLeast = [22, 13] as const;
/** How long one check may wait for another process or machine, in milliseconds. */
const probeMaxMs = 5_000;
const diskBytesLow = 1_000_000_000;
const diskBytesLeast = 100_000_000;

/** Looks at all that a node here would need, changes nothing, and says what is missing. */
export async function doctor(io: CommandIo, options: DoctorOptions): Promise<number> {
  const findings: Finding[] = [nodeVersion()];
  let config: LoadedConfig | undefined;
  try {
    config = await loadSettings(io, options, true);
    findings.push({ check: 'configuration', state: 'ok', detail: config.file ?? 'no file; flags, environment and defaults' });
  } catch (error) {
    findings.push({ check: 'configuration', state: 'fail', detail: failureOf(error).message.replaceAll('\n', '; ') });
  }
  if (config !== undefined)
    findings.push(...(await dataFolder(config)), await store(io, config), await model(config), await sandbox(config), ...(await natsServers(config)));

  if (options.json === true) for (const finding of findings) await printJson(io, finding);
  else
    for (const line of table(
      ['CHECK', 'STATE', 'DETAIL'],
      findings.map(({ check, state, detail }) => [check, state, printable(detail)]),
    ))
      await printLine(io, line);
  return findings.some(({ state }) => state === 'fail') ? exitCodes.failed : exitCodes.completed;
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = nodeVersionLeast;
  const fits = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return { check: 'node', state: fits ? 'ok' : 'fail', detail: fits ? process.version : `${process.version}; ${leastMajor}.${leastMinor} or newer is needed` };
}

async function dataFolder({ values }: LoadedConfig): Promise<readonly Finding[]> {
  const { dir } = values.data;
  const existing = await nearestFolder(dir);
  const findings: Finding[] = [];
  try {
    // Permission bits do not tell of a read-only mount or a full quota; a folder that was made does.
    await access(existing, constants.W_OK);
    await rm(await mkdtemp(join(existing, '.flockwork-doctor-')), { recursive: true });
    findings.push({ check: 'data folder', state: 'ok', detail: existing === dir ? dir : `${dir} (will be made)` });
  } catch (error) {
    findings.push({ check: 'data folder', state: 'fail', detail: `${existing} cannot be written: ${failureOf(error).message}` });
  }
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  findings.push({ check: 'disk', state: free < diskBytesLeast ? 'fail' : free < diskBytesLow ? 'warn' : 'ok', detail: `${bytes(free)} free` });
  return findings;
}

/** The folder, or the nearest one above it that exists. */
async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      if ((await stat(at)).isDirectory() || at === dirname(at)) return at;
    } catch (error) {
      if (!hasCode(error, 'ENOENT') && !hasCode(error, 'ENOTDIR')) throw error;
    }
  }
}

/** Opens the store as `run` would, unless a live node holds the folder. */
async function store(io: CommandIo, config: LoadedConfig): Promise<Finding> {
  const { dir } = config.values.data;
  const live = await readEndpoints(dir);
  if (live !== undefined) return { check: 'store', state: 'ok', detail: `node ${live.node} runs on it (pid ${live.pid}, ${live.http ?? live.ws ?? ''})` };
  if ((await nearestFolder(dir)) !== dir) return { check: 'store', state: 'ok', detail: 'none yet; the first run makes it' };
  try {
    const session = await embeddedSession({ ...io, stderr: { write: () => true, once: () => undefined } }, config, ['gateway'], { model: 'none' });
    await session.close();
    return { check: 'store', state: 'ok', detail: 'opens, and no other node holds it' };
  } catch (error) {
    const { code, message } = failureOf(error);
    return { check: 'store', state: 'fail', detail: `${message} (${code})` };
  }
}

/** Chooses the model as `run` would, and asks its server with the credential that calls would have. */
async function model(config: LoadedConfig): Promise<Finding> {
  const { modelFor, probeModelOf } = await import('../../node/index.ts');
  try {
    const { model: name, why } = await modelFor(config);
    const probe = await probeModelOf(config, name, probeMaxMs);
    const named = `${name} (${why})`;
    if (probe === undefined) return { check: 'model', state: 'ok', detail: named };
    const list = probe.listed ? 'lists it' : 'answers, but does not list it';
    return { check: 'model', state: probe.listed ? 'ok' : 'warn', detail: `${named}; ${probe.baseUrl} ${list}` };
  } catch (error) {
    const { code, message } = failureOf(error);
    return { check: 'model', state: 'fail', detail: `${message} (${code})` };
  }
}

/** Without a sandbox only system.run is refused, so nothing else is broken. */
async function sandbox({ values }: LoadedConfig): Promise<Finding> {
  if (values.tools.sandbox === 'none') return { check: 'sandbox', state: 'warn', detail: 'tools.sandbox is "none": system.run is not isolated' };
  try {
    await promisify(execFile)('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true'], { timeout: probeMaxMs });
    return { check: 'sandbox', state: 'ok', detail: 'bubblewrap works' };
  } catch (error) {
    const reason = hasCode(error, 'ENOENT')
      ? 'bubblewrap is not installed (apt-get install bubblewrap)'
      : `bubblewrap does not work here: ${failureOf(error).message.split('\n').at(-1) ?? ''}`;
    return { check: 'sandbox', state: 'warn', detail: `${reason}; system.run is refused until it is, the rest works` };
  }
}

async function natsServers({ values }: LoadedConfig): Promise<readonly Finding[]> {
  const needed = values.bus.kind === 'nats';
  return Promise.all(
    values.bus.natsUrl.map(async (url): Promise<Finding> => {
      if (url === 'local') return localNats(needed);
      const { hostname, port } = URL.canParse(url) ? new URL(url) : { hostname: url, port: '' };
      const shown = `${hostname}:${port || 4222}`;
      const reached = await reach(hostname, Number(port || 4222));
      return {
        check: 'nats',
        state: reached === undefined ? 'ok' : needed ? 'fail' : 'warn',
        detail: reached === undefined ? `${shown} accepts` : `${shown}: ${reached}`,
      };
    }),
  );
}

/** The server that `--nats local` would start. */
async function localNats(needed: boolean): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)('nats-server', ['--version'], { timeout: probeMaxMs });
    return { check: 'nats', state: 'ok', detail: `${stdout.trim()} is on PATH` };
  } catch (error) {
    return { check: 'nats', state: needed ? 'fail' : 'warn', detail: `nats-server is not on PATH (apt-get install nats-server): ${failureOf(error).message}` };
  }
}

/** Undefined when a connection is accepted, else why not. */
function reach(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reason: string | undefined): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(probeMaxMs, () => end('no answer'));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(error.message));
  });
}
