import { FlockworkError } from '../../protocols/errors/error.ts';
import { type ModelName, parseModelName } from './model-name.ts';
import { filled, type WireOptions } from './options.ts';

/** A provider as far as it is configured. */
export type ProviderSection = Pick<WireOptions, 'baseUrl' | 'apiKey'> & {
  /** The variable that holds its key, for the sentence that asks for one. */
  readonly apiKeyEnv?: string | undefined;
};

export interface ProviderSections {
  readonly openai?: ProviderSection | undefined;
  readonly anthropic?: ProviderSection | undefined;
}

/** A provider that wants a key is there when it has one, or a base URL, for servers of one's own want none. */
export function isConfigured(section: ProviderSection | undefined): boolean {
  return filled(section?.baseUrl) !== undefined || filled(section?.apiKey) !== undefined;
}

/** Reads `provider/name` and looks whether that provider can be asked. Throws `model_unknown`, which names what is missing. */
export function checkProvider(model: string, sections: ProviderSections): ModelName {
  const parsed = parseModelName(model);
  const { provider } = parsed;
  if (provider === 'offline' || provider === 'ollama' || isConfigured(sections[provider])) return parsed;
  const prefix = provider.toUpperCase();
  const key = sections[provider]?.apiKeyEnv ?? `${prefix}_API_KEY`;
  throw new FlockworkError(
    'model_unknown',
    `The provider of ${model} is not configured: set ${key}, or ${prefix}_BASE_URL for a server that needs no key. offline/extractive is built in and needs neither.`,
    { details: { model, provider, variable: key } },
  );
}
