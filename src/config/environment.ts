import { parseEnv } from 'node:util';
import type { ConfigKey, ConfigSection } from './keys.ts';
import { nearest } from './nearest.ts';
import type { Assignment } from './origin.ts';
import type { ConfigProblem } from './problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of ours that are no configuration: they tell the command line which node to talk to, and as whom. */
const otherVariables: ReadonlySet<string> = new Set(['FLOCKWORK_CONNECT', 'FLOCKWORK_TOKEN']);

/** Variables that everyone reads the same way, and the key they stand for. The FLOCKWORK_ form of the key wins. */
const standardVariables: readonly { readonly name: string; readonly path: string; readonly read: (text: string) => unknown }[] = [
  { name: 'NATS_URL', path: 'bus.natsUrl', read: listOf },
  { name: 'OPENAI_BASE_URL', path: 'openai.baseUrl', read: (text) => text },
  { name: 'OPENAI_MODEL', path: 'openai.model', read: (text) => text },
  { name: 'ANTHROPIC_BASE_URL', path: 'anthropic.baseUrl', read: (text) => text },
  { name: 'OLLAMA_HOST', path: 'ollama.baseUrl', read: ollamaUrl },
];

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** OLLAMA_HOST names where the server listens, mostly without a scheme; a client reaches the wildcard address on loopback. */
function ollamaUrl(text: string): string {
  const withScheme = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(withScheme)) return text;
  const url = new URL(withScheme);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  const port = url.port !== '' || withScheme.startsWith('https:') ? '' : ':11434';
  return `${url.protocol}//${url.host}${port}${url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;
}

/** Text of a variable as the value its key wants. What does not fit stays text, and the schema says so. */
function coerce(key: ConfigKey, text: string): unknown {
  if (key.kind === 'number' && /^[+-]?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  if (key.kind === 'boolean' && /^(true|false|1|0)$/.test(text)) return text === 'true' || text === '1';
  if (key.kind === 'list') return listOf(text);
  return text;
}

/**
 * Kubernetes puts variables such as FLOCKWORK_HTTP_PORT=tcp://10.0.0.7:9090 and FLOCKWORK_SERVICE_HOST into every pod
 * beside a Service called flockwork; they are not ours (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
 */
function isServiceLink(name: string, value: string): boolean {
  return /_SERVICE_(HOST|PORT)(_|$)/.test(name) || /_PORT_\d+_(TCP|UDP|SCTP)(_|$)/.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value));
}

/** The values that the environment sets, weakest first. An empty variable counts as unset. */
export function environmentAssignments(
  environment: Environment,
  sections: readonly ConfigSection[],
  originOf: (variable: string) => string,
): { assignments: readonly Assignment[]; problems: readonly ConfigProblem[] } {
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  for (const { name, path, read } of standardVariables) {
    const value = environment[name];
    if (value !== undefined && value !== '') assignments.push({ path, value: read(value), origin: originOf(name) });
  }
  const byVariable = new Map(sections.flatMap(({ keys }) => keys).flatMap((key) => (key.variable === undefined ? [] : [[key.variable, key] as const])));
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('FLOCKWORK_') || value === undefined || value === '' || otherVariables.has(name) || isServiceLink(name, value)) continue;
    const key = byVariable.get(name);
    if (key !== undefined) assignments.push({ path: key.path, value: coerce(key, value), origin: originOf(name) });
    else {
      const meant = nearest(name, [...byVariable.keys(), ...otherVariables]);
      problems.push({ path: name, origin: originOf(name), message: `unknown variable${meant === undefined ? '' : `, did you mean ${meant}?`}` });
    }
  }
  return { assignments, problems };
}

/** The variables of an env file (`NAME=value` lines, as Node reads them). */
export function parseEnvironmentFile(text: string): Environment {
  return parseEnv(text);
}
