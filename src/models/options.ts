import type { ModelBounds } from './bounds.ts';
import type { Price } from './prices.ts';

/** A provider on the OpenAI wire. Empty texts count as absent. */
export interface WireOptions {
  /** With the version segment, for instance `http://127.0.0.1:8000/v1`. */
  readonly baseUrl?: string | undefined;
  /** Absent = no Authorization header is sent; the provider of the default base URL refuses that. */
  readonly apiKey?: string | undefined;
  readonly organization?: string | undefined;
  /** The model to ask when none is named; only `chooseModel` reads it. */
  readonly model?: string | undefined;
  /** The field that carries the output cap. Default: `max_completion_tokens` for api.openai.com, `max_tokens` for every other server. */
  readonly outputCapField?: 'max_completion_tokens' | 'max_tokens' | undefined;
}

/** The provider on the Anthropic Messages wire. The base URL may end in `/v1` or leave it out. */
export type AnthropicOptions = Pick<WireOptions, 'baseUrl' | 'apiKey' | 'model'>;

/** All of it plain data, as it comes from the configuration. */
export interface ModelsOptions extends Partial<ModelBounds> {
  /** Configured when it names a base URL or a key. */
  readonly openai?: WireOptions | undefined;
  /** The base URL as OLLAMA_HOST writes it, with or without scheme, port and version; absent = the default host. */
  readonly ollama?: Pick<WireOptions, 'baseUrl' | 'model'> | undefined;
  /** Configured when it names a base URL or a key. */
  readonly anthropic?: AnthropicOptions | undefined;
  /** By `provider/name`; a trailing `*` matches the rest. They win over the built-in table. */
  readonly prices?: Readonly<Record<string, Price>> | undefined;
}

export const openaiBaseUrlDefault = 'https://api.openai.com/v1';
export const anthropicBaseUrlDefault = 'https://api.anthropic.com';
export const ollamaBaseUrlDefault = 'http://127.0.0.1:11434/v1';
/** The model of a configured OpenAI account that names none. */
export const openaiModelDefault = 'gpt-6.1-terra';
/** The model of a configured Anthropic account that names none; the default of `anthropic.model` in the configuration. */
export const anthropicModelDefault = 'claude-sonnet-5-5';
export const offlineModel = 'offline/extractive';

/** Undefined for what is absent or empty. */
export function filled(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}
