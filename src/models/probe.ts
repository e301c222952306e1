import { anthropicBaseUrl } from './anthropic/base-url.ts';
import { modelBoundsDefault } from './bounds.ts';
import { checkProvider } from './configured.ts';
import { ollamaBaseUrl } from './environment.ts';
import { isListing, type ListingProvider, listers } from './listers.ts';
import { type AnthropicOptions, anthropicBaseUrlDefault, filled, openaiBaseUrlDefault, type WireOptions } from './options.ts';

export interface ProbeOptions {
  readonly openai?: WireOptions | undefined;
  readonly anthropic?: AnthropicOptions | undefined;
  readonly ollama?: Pick<WireOptions, 'baseUrl'> | undefined;
  readonly listModelsMaxMs?: number | undefined;
}

/** What the server of a model said. */
export interface ModelProbe {
  readonly baseUrl: string;
  /** Whether its list has the model; many servers list only a part of what they answer for. */
  readonly listed: boolean;
}

/**
 * Asks the provider of a model for its list, with the credential that calls would have; undefined for the built-in model, which has no server.
 * Throws `model_unknown` for a provider that is not configured, and the `model_*` failure of one that does not answer.
 */
export async function probeModel(model: string, options: ProbeOptions): Promise<ModelProbe | undefined> {
  const { provider, name } = checkProvider(model, options);
  if (!isListing(provider)) return undefined;
  const baseUrl = baseUrlOf(provider, options);
  const section = provider === 'ollama' ? undefined : options[provider];
  const bounds = { ...modelBoundsDefault, listModelsMaxMs: options.listModelsMaxMs ?? modelBoundsDefault.listModelsMaxMs };
  const names = await listers[provider]({ baseUrl, apiKey: filled(section?.apiKey), organization: filled(options.openai?.organization) }, bounds);
  return { baseUrl, listed: names.includes(name) };
}

function baseUrlOf(provider: ListingProvider, { openai, anthropic, ollama }: ProbeOptions): string {
  switch (provider) {
    case 'openai':
      return filled(openai?.baseUrl) ?? openaiBaseUrlDefault;
    case 'anthropic':
      return anthropicBaseUrl(filled(anthropic?.baseUrl) ?? anthropicBaseUrlDefault);
    case 'ollama':
      return ollamaBaseUrl(ollama?.baseUrl);
  }
}
