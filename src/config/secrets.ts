import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Environment } from './environment.ts';
import { isTable } from './origin.ts';
import type { ConfigProblem } from './problems.ts';
import type { Config } from './schema.ts';

/** A bearer token by its hash, with the tenant it speaks for. */
export interface TokenGrant {
  readonly tenant: string;
  readonly sha256: string;
  /** May change the configuration of the node. */
  readonly admin: boolean;
}

/** What the references of a configuration point at. Goes to the part that needs it, never into a log, a journal or an answer. */
export interface Credentials {
  readonly openaiApiKey?: string;
  readonly anthropicApiKey?: string;
  /** What this node proves itself with to the NATS servers: the text of a credentials file, or the seed of an nkey. */
  readonly nats?: { readonly type: 'file'; readonly text: string } | { readonly type: 'nkey'; readonly seed: string };
}

export interface ResolvedSecrets {
  readonly credentials: Credentials;
  /** Where each API key came from, as `config get` shows it. */
  readonly apiKeysShown: Readonly<Record<KeyedProvider, string>>;
  /** auth.tokens and what auth.tokenFile adds. */
  readonly grants: readonly TokenGrant[];
  /** Every secret text of this process, for leak scans. */
  readonly secrets: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

/** Secrets of others that this process can see: nothing of them may leave either. */
const foreignVariables = ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'FLOCKWORK_TOKEN'] as const;

/** The sections that name an API key. */
export const keyedProviders = ['openai', 'anthropic'] as const;
export type KeyedProvider = (typeof keyedProviders)[number];

type OriginOf = (path: string) => string;

/** Follows the references of a configuration. What cannot be read is a problem, with the key that names it. */
export async function resolveSecrets(values: Config, environment: Environment, originOf: OriginOf): Promise<ResolvedSecrets> {
  const problems: ConfigProblem[] = [];
  const read = async (path: string, file: string): Promise<string | undefined> => {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      problems.push({ path, origin: originOf(path), message: `cannot read ${file} (${codeOf(error)})` });
      return undefined;
    }
  };
  const apiKeyOf = async (provider: KeyedProvider): Promise<{ readonly key: string | undefined; readonly shown: string }> => {
    const { apiKeyEnv, apiKeyFile } = values[provider];
    const text = apiKeyFile === '' ? environment[apiKeyEnv] : (await read(`${provider}.apiKeyFile`, apiKeyFile))?.trim();
    const key = text === '' ? undefined : text;
    const source = apiKeyFile === '' ? `env ${apiKeyEnv}` : `file ${apiKeyFile}`;
    return { key, shown: key === undefined ? `<not set: ${source}>` : `<secret from ${source}>` };
  };
  const openai = await apiKeyOf('openai');
  const anthropic = await apiKeyOf('anthropic');
  const fileTokens =
    values.auth.tokenFile === '' ? [] : parseTokenFile((await read('auth.tokenFile', values.auth.tokenFile)) ?? '', values.auth.tokenFile, originOf, problems);
  const nats = await natsCredentials(values.bus, read);
  const passwords = [values.openai.baseUrl, values.anthropic.baseUrl, values.ollama.baseUrl, ...values.bus.natsUrl].flatMap(passwordsOf);
  const natsSecrets =
    nats === undefined ? [] : nats.type === 'nkey' ? [nats.seed] : nats.text.split('\n').filter((line) => /^(?:SU|eyJ)\S{20,}$/.test(line.trim()));
  const secrets = [
    openai.key,
    anthropic.key,
    ...natsSecrets,
    ...fileTokens.map(({ token }) => token),
    ...passwords,
    ...foreignVariables.map((name) => environment[name]),
  ];
  return {
    credentials: {
      ...(openai.key === undefined ? {} : { openaiApiKey: openai.key }),
      ...(anthropic.key === undefined ? {} : { anthropicApiKey: anthropic.key }),
      ...(nats === undefined ? {} : { nats }),
    },
    apiKeysShown: { openai: openai.shown, anthropic: anthropic.shown },
    grants: [
      ...values.auth.tokens,
      ...fileTokens.map(({ tenant, token, admin }) => ({ tenant, admin, sha256: createHash('sha256').update(token).digest('hex') })),
    ],
    secrets: [...new Set(secrets.filter((secret): secret is string => secret !== undefined && secret !== ''))],
    problems,
  };
}

async function natsCredentials(
  { credsFile, nkeyFile }: Config['bus'],
  read: (path: string, file: string) => Promise<string | undefined>,
): Promise<Credentials['nats']> {
  const text = credsFile === '' ? undefined : await read('bus.credsFile', credsFile);
  if (text !== undefined) return { type: 'file', text };
  const seed = nkeyFile === '' ? undefined : await read('bus.nkeyFile', nkeyFile);
  return seed === undefined ? undefined : { type: 'nkey', seed: seed.trim() };
}

function parseTokenFile(
  text: string,
  file: string,
  originOf: OriginOf,
  problems: ConfigProblem[],
): readonly { tenant: string; token: string; admin: boolean }[] {
  return text.split('\n').flatMap((line, at) => {
    const words = line.trim().split(/\s+/);
    const [tenant, token, right] = words;
    if (line.trim() === '' || line.startsWith('#')) return [];
    const complete = words.length === 2 || (words.length === 3 && right === 'admin');
    if (complete && tenant !== undefined && token !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(tenant)) return [{ tenant, token, admin: right === 'admin' }];
    problems.push({
      path: 'auth.tokenFile',
      origin: originOf('auth.tokenFile'),
      message: `${file}:${at + 1}: must be \`tenant token\` or \`tenant token admin\``,
    });
    return [];
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function passwordsOf(address: string): readonly string[] {
  if (!URL.canParse(address)) return [];
  const { username, password } = new URL(address);
  const parts = password === '' ? [username] : [password];
  return parts.filter((part) => part !== '').map(decodeURIComponent);
}

/** The same values without anything secret in them: user and password of addresses are replaced, and so are token hashes. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1<secret>@');
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === 'sha256' ? '<hash>' : withoutSecrets(inner)]));
}
