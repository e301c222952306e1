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
  if (config !== undefined) findings.push(...(await dataFolder(config)), ...(await node(io, config)), await sandbox(config), ...(await natsServers(config)));

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

/** Opens the store and chooses the model, as `run` would, unless a live node holds the folder. */
async function node(io: CommandIo, config: LoadedConfig): Promise<readonly Finding[]> {
  const { dir } = config.values.data;
  const live = await readEndpoints(dir);
  if (live !== undefined) return [{ check: 'store', state: 'ok', detail: `node ${live.node} runs on it (pid ${live.pid}, ${live.http ?? ''})` }];
  if ((await nearestFolder(dir)) !== dir) return [{ check: 'store', state: 'ok', detail: 'none yet; the first run makes it' }];
  try {
    const session = await embeddedSession({ ...io, stderr: { write: () => true, once: () => undefined } }, config, ['gateway']);
    const model = session.node?.model;
    await session.close();
    const store: Finding = { check: 'store', state: 'ok', detail: 'opens, and no other node holds it' };
    return model === undefined ? [store] : [store, await modelAnswers(config, model)];
  } catch (error) {
    const { code, message } = failureOf(error);
    return [{ check: code.startsWith('model_') ? 'model' : 'store', state: 'fail', detail: `${message} (${code})` }];
  }
}

async function modelAnswers({ values, credentials }: LoadedConfig, { model, why }: { model: string; why: string }): Promise<Finding> {
  const [provider = ''] = model.split('/');
  const named = `${model} (${why})`;
  const base =
    provider === 'openai'
      ? values.openai.baseUrl || 'https://api.openai.com/v1'
      : provider === 'ollama'
        ? values.ollama.baseUrl || 'http://127.0.0.1:11434/v1'
        : undefined;
  if (base === undefined) return { check: 'model', state: 'ok', detail: named };
  const key = provider === 'openai' ? credentials.openaiApiKey : undefined;
  try {
    const answer = await fetch(`${base.replace(/\/+$/, '')}/models`, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(probeMaxMs),
    });
    await answer.body?.cancel();
    return answer.ok
      ? { check: 'model', state: 'ok', detail: `${named}, its server answers` }
      : { check: 'model', state: 'fail', detail: `${named}: its server answers with status ${answer.status}` };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : failureOf(error).message;
    return { check: 'model', state: 'fail', detail: `${named}: its server cannot be reached: ${cause}` };
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
