import { FlockworkError } from '../../protocols/errors/error.ts';
import { filled, type ModelsOptions, ollamaBaseUrlDefault } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable as everyone reads it: an empty one counts as unset. */
export function variable(env: Environment, name: string): string | undefined {
  return filled(env[name]);
}

/** OLLAMA_HOST names a host, with or without scheme and port; an address to listen on everywhere is reached on loopback. */
export function ollamaBaseUrl(named: string | undefined): string {
  const host = filled(named);
  if (host === undefined) return ollamaBaseUrlDefault;
  const text = /^[a-z]+:\/\//i.test(host) ? host : `http://${host}`;
  if (!URL.canParse(text)) {
    throw new FlockworkError('config_invalid', `OLLAMA_HOST is "${host}", which is no host. Write it as host:port or as a URL.`, { details: { host } });
  }
  const url = new URL(text);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  // A URL with a scheme means that scheme's own port; a bare host means Ollama's.
  if (url.port === '' && text !== host) url.port = '11434';
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path.endsWith('/v1') ? path : `${path}/v1`}`;
}

/** The provider sections of `ModelsOptions` as the usual environment variables give them. */
export function providersOfEnvironment(env: Environment): Pick<ModelsOptions, 'openai' | 'anthropic' | 'ollama'> {
  const apiKey = variable(env, 'OPENAI_API_KEY');
  const baseUrl = variable(env, 'OPENAI_BASE_URL');
  const organization = variable(env, 'OPENAI_ORG_ID');
  const anthropic = { baseUrl: variable(env, 'ANTHROPIC_BASE_URL'), apiKey: variable(env, 'ANTHROPIC_API_KEY') };
  const host = variable(env, 'OLLAMA_HOST');
  return {
    ...(apiKey === undefined && baseUrl === undefined ? {} : { openai: { baseUrl, apiKey, organization } }),
    ...(anthropic.apiKey === undefined && anthropic.baseUrl === undefined ? {} : { anthropic }),
    ...(host === undefined ? {} : { ollama: { baseUrl: ollamaBaseUrl(host) } }),
  };
}
