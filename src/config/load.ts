import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type Environment, environmentAssignments, parseEnvironmentFile } from './environment.ts';
import { configSections } from './keys.ts';
import { type Assignment, type ConfigFlag, defaultOrigin, flagAssignments, isTable, leavesOf, overlay, valueAt } from './origin.ts';
import { type ConfigProblem, configError, problemsOf } from './problems.ts';
import { type Config, configSchema } from './schema.ts';
import { type Credentials, keyedProviders, resolveSecrets, type TokenGrant, withoutSecrets } from './secrets.ts';
import { parseToml } from './toml.ts';

/** The file that is read from the working folder when none is named. */
export const configFileName = 'flockwork.toml';

export interface ConfigSources {
  /** The working folder. */
  readonly cwd: string;
  readonly env: Environment;
  /** Values of the command line; they win over everything. */
  readonly flags?: readonly ConfigFlag[];
  /** Named on the command line: it must exist. Absent: `flockwork.toml` of the working folder, if there is one. */
  readonly file?: string;
  /** Stands for the content of the configuration file, as it would be after a change. */
  readonly text?: string;
  /** A file of `NAME=value` lines; a variable that is set in the environment wins over it. */
  readonly envFile?: string;
  /** True where NATS_URL alone chooses the NATS bus, as in `start`; elsewhere the bus must be asked for by name. */
  readonly natsUrlChoosesBus?: boolean;
}

export interface LoadedConfig {
  readonly values: Config;
  /** By path: `flag --x`, `env X`, `file F` or `default`. */
  readonly origins: Readonly<Record<string, string>>;
  /** SHA-256 of the values in canonical form, without secrets. Two nodes with the same hash run with the same settings. */
  readonly hash: string;
  /** Every secret text of this process, for leak scans; never to be shown. */
  readonly secrets: readonly string[];
  readonly credentials: Credentials;
  /** The tokens that the gateway accepts, from auth.tokens and auth.tokenFile. */
  readonly grants: readonly TokenGrant[];
  /** The environment with the env file laid under it. Holds secrets. */
  readonly environment: Environment;
  /** The configuration file that was read. */
  readonly file: string | undefined;
  /** What it was read from, to read it again. */
  readonly sources: ConfigSources;
  /** What may be shown: the values without secrets, with `openai.apiKey` and `anthropic.apiKey` telling where the key came from. */
  readonly view: ConfigView;
}

export interface ConfigView {
  readonly values: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, string>>;
  readonly hash: string;
}

/**
 * Reads the configuration: flag > environment > file > default. All problems are told at once, as one `config_invalid`
 * with `details.problems`; a syntax error names file, line and column.
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { cwd } = sources;
  const sections = configSections();
  const file = await readConfigFile(sources);
  const document = file === undefined ? {} : parseToml(file.text, shown(cwd, file.path));
  const { environment, originOf: variableOrigin } = await readEnvironment(sources);
  const fromEnvironment = environmentAssignments(environment, sections, variableOrigin);
  const assignments = [...natsBus(sources, fromEnvironment.assignments, document), ...fromEnvironment.assignments, ...flagAssignments(sources.flags ?? [])];

  const assigned = new Map(assignments.map(({ path, origin }) => [path, origin]));
  const fileOrigin = file === undefined ? defaultOrigin : `file ${shown(cwd, file.path)}`;
  const originOf = (path: string): string => {
    const own = assigned.get(path) ?? assigned.get(path.split('.').slice(0, 2).join('.'));
    return own ?? (valueAt(document, path.split('.')) === undefined ? defaultOrigin : fileOrigin);
  };
  const placeOf = (path: string): string => (originOf(path) === defaultOrigin && !path.includes('.') ? fileOrigin : originOf(path));

  const parsed = configSchema.safeParse(overlay(document, assignments));
  const problems: ConfigProblem[] = [...fromEnvironment.problems];
  if (!parsed.success) throw configError([...problems, ...problemsOf(parsed.error.issues, sections, placeOf)]);
  const values = withAbsolutePaths(parsed.data, (path) => (originOf(path) === fileOrigin && file !== undefined ? dirname(file.path) : cwd));
  const resolved = await resolveSecrets(values, environment, originOf);
  problems.push(...resolved.problems, ...contradictions(values, resolved.grants, originOf));
  if (problems.length > 0) throw configError(problems);

  const origins = Object.fromEntries(leavesOf(values).map(([path]) => [path, originOf(path)]));
  const clean = withoutSecrets(values);
  const shownKeys = keyedProviders.map((provider) => {
    const section = isTable(clean) ? clean[provider] : undefined;
    return [provider, { ...(isTable(section) ? section : {}), apiKey: resolved.apiKeysShown[provider] }];
  });
  const shownValues = isTable(clean) ? { ...clean, ...Object.fromEntries(shownKeys) } : {};
  const keyOrigins = keyedProviders.map((provider) => {
    const { apiKeyEnv, apiKeyFile } = values[provider];
    return [`${provider}.apiKey`, apiKeyFile === '' ? `env ${apiKeyEnv}` : originOf(`${provider}.apiKeyFile`)];
  });
  const hash = hashOf(values);
  return {
    values,
    origins,
    hash,
    secrets: resolved.secrets,
    credentials: resolved.credentials,
    grants: resolved.grants,
    environment,
    file: file?.path,
    sources,
    view: {
      values: shownValues,
      origins: { ...origins, ...Object.fromEntries(keyOrigins) },
      hash,
    },
  };
}

/** SHA-256 of the values in canonical form, without secrets. */
export function hashOf(values: Config): string {
  return createHash('sha256')
    .update(canonical(withoutSecrets(values)))
    .digest('hex');
}

/** Where the configuration file stands, or would stand. */
export function configFileOf({ cwd, file }: ConfigSources): string {
  return resolve(cwd, file ?? configFileName);
}

async function readConfigFile(sources: ConfigSources): Promise<{ path: string; text: string } | undefined> {
  const path = configFileOf(sources);
  const { file } = sources;
  const text = sources.text ?? (await readText(path, 'configuration file', file !== undefined));
  return text === undefined ? undefined : { path, text };
}

async function readEnvironment({ cwd, env, envFile }: ConfigSources): Promise<{ environment: Environment; originOf: (variable: string) => string }> {
  if (envFile === undefined) return { environment: env, originOf: (variable) => `env ${variable}` };
  const fromFile = parseEnvironmentFile((await readText(resolve(cwd, envFile), 'env file', true)) ?? '');
  const isSet = (variable: string): boolean => env[variable] !== undefined && env[variable] !== '';
  const added = Object.entries(fromFile).filter(([variable]) => !isSet(variable));
  return {
    environment: { ...env, ...Object.fromEntries(added) },
    originOf: (variable) => (isSet(variable) ? `env ${variable}` : `env ${variable} (from ${envFile})`),
  };
}

export async function readText(path: string, what: string, required: boolean): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' && !required) return undefined;
    const reason = code === 'ENOENT' ? 'does not exist' : code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8 text' : `cannot be read (${code})`;
    throw new FlockworkError('config_invalid', `the ${what} ${path} ${reason}`, { cause: error, details: { path } });
  }
}

/** Where NATS_URL may choose the bus, it does so unless something names the bus. */
function natsBus({ natsUrlChoosesBus }: ConfigSources, assignments: readonly Assignment[], document: unknown): readonly Assignment[] {
  const natsUrl = assignments.find(({ path, origin }) => path === 'bus.natsUrl' && origin.startsWith('env NATS_URL'));
  if (natsUrlChoosesBus !== true || natsUrl === undefined || valueAt(document, ['bus', 'kind']) !== undefined) return [];
  return [{ path: 'bus.kind', value: 'nats', origin: natsUrl.origin }];
}

/** Relative paths count from the working folder, or from the folder of the file that names them. */
function withAbsolutePaths(values: Config, baseOf: (path: string) => string): Config {
  const absolute = (path: string, value: string): string => (value === '' ? value : resolve(baseOf(path), value));
  return {
    ...values,
    data: { dir: absolute('data.dir', values.data.dir) },
    quic: { ...values.quic, identityFile: absolute('quic.identityFile', values.quic.identityFile) },
    bus: {
      ...values.bus,
      credsFile: absolute('bus.credsFile', values.bus.credsFile),
      nkeyFile: absolute('bus.nkeyFile', values.bus.nkeyFile),
      tlsCaFile: absolute('bus.tlsCaFile', values.bus.tlsCaFile),
      tlsCertFile: absolute('bus.tlsCertFile', values.bus.tlsCertFile),
      tlsKeyFile: absolute('bus.tlsKeyFile', values.bus.tlsKeyFile),
    },
    auth: { ...values.auth, tokenFile: absolute('auth.tokenFile', values.auth.tokenFile) },
    anthropic: { ...values.anthropic, apiKeyFile: absolute('anthropic.apiKeyFile', values.anthropic.apiKeyFile) },
    openai: { ...values.openai, apiKeyFile: absolute('openai.apiKeyFile', values.openai.apiKeyFile) },
    workspace: { ...values.workspace, roots: values.workspace.roots.map((root) => absolute('workspace.roots', root)) },
  };
}

/** What is right key by key and wrong together. */
function contradictions(values: Config, grants: readonly TokenGrant[], originOf: (path: string) => string): readonly ConfigProblem[] {
  const found: ConfigProblem[] = [];
  const add = (path: string, message: string): void => void found.push({ path, origin: originOf(path), message });
  if (values.auth.mode === 'token' && grants.length === 0)
    add('auth.mode', 'is "token", but neither auth.tokens nor auth.tokenFile names one; nobody could connect');
  if (values.bus.kind === 'nats' && values.bus.natsUrl.length === 0) add('bus.kind', 'is "nats", but bus.natsUrl names no server; set it, or NATS_URL');
  const { credsFile, nkeyFile, tlsCertFile, tlsKeyFile, tenant } = values.bus;
  if (credsFile !== '' && nkeyFile !== '') add('bus.nkeyFile', 'is set, and so is bus.credsFile; a node proves itself with one of them, take the other out');
  if (tlsCertFile !== '' && tlsKeyFile === '') add('bus.tlsCertFile', 'is set without bus.tlsKeyFile; set both or none');
  if (tlsCertFile === '' && tlsKeyFile !== '') add('bus.tlsKeyFile', 'is set without bus.tlsCertFile; set both or none');
  const others = [...grants.map((grant) => grant.tenant), ...values.quic.allowedPeers.map((peer) => peer.tenant)].find((other) => other !== tenant);
  if (tenant !== '' && values.node.roles.includes('gateway') && others !== undefined)
    add('bus.tenant', `is "${tenant}", but a token or peer speaks for the tenant "${others}", whom this bus does not serve`);
  return found;
}

function shown(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near.startsWith('..') ? path : near;
}

/** Key-sorted JSON. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isTable(inner) ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1))) : inner,
  );
}
