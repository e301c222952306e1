import type { ModelCallOptions, ModelReply, ModelRequest, Models } from '../../actors/ports/models.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ModelAdapter } from './adapter.ts';
import { AnthropicAdapter } from './anthropic/adapter.ts';
import { anthropicBaseUrl } from './anthropic/base-url.ts';
import { type ModelBounds, modelBoundsDefault } from './bounds.ts';
import { checkProvider, isConfigured } from './configured.ts';
import { ollamaBaseUrl } from './environment.ts';
import type { ProviderName } from './model-name.ts';
import { OfflineAdapter } from './offline/adapter.ts';
import { OpenAiAdapter } from './openai/adapter.ts';
import { anthropicBaseUrlDefault, filled, type ModelsOptions, openaiBaseUrlDefault } from './options.ts';
import { anthropicPrice, configuredPrice, openaiPrice } from './prices.ts';

function boundsOf(options: ModelsOptions): ModelBounds {
  const given = Object.entries(modelBoundsDefault).map(([name, value]) => [name, Reflect.get(options, name) ?? value]);
  return Object.fromEntries(given) as unknown as ModelBounds;
}

/** The port `Models` over every configured provider. Loads no SDK before its first call. Throws `config_invalid`. */
export function createModels(options: ModelsOptions = {}): Models {
  const bounds = boundsOf(options);
  const adapters = new Map<ProviderName, ModelAdapter>([['offline', new OfflineAdapter()]]);
  const { openai } = options;
  if (isConfigured(openai)) {
    const baseUrl = filled(openai?.baseUrl) ?? openaiBaseUrlDefault;
    // Another server under the same model name has its own prices.
    const builtIn = baseUrl === openaiBaseUrlDefault ? openaiPrice : (): undefined => undefined;
    const price = (name: string) => configuredPrice(`openai/${name}`, options.prices) ?? builtIn(name);
    adapters.set(
      'openai',
      new OpenAiAdapter({ wire: { ...openai, baseUrl, apiKey: filled(openai?.apiKey), organization: filled(openai?.organization) }, bounds, price }),
    );
  }
  const { anthropic } = options;
  if (isConfigured(anthropic)) {
    const baseUrl = anthropicBaseUrl(filled(anthropic?.baseUrl) ?? anthropicBaseUrlDefault);
    const builtIn = baseUrl === anthropicBaseUrlDefault ? anthropicPrice : (): undefined => undefined;
    const price = (name: string) => configuredPrice(`anthropic/${name}`, options.prices) ?? builtIn(name);
    adapters.set('anthropic', new AnthropicAdapter({ wire: { baseUrl, apiKey: filled(anthropic?.apiKey) }, bounds, price }));
  }
  const ollama = { baseUrl: ollamaBaseUrl(options.ollama?.baseUrl) };
  adapters.set('ollama', new OpenAiAdapter({ wire: ollama, bounds, price: (name) => configuredPrice(`ollama/${name}`, options.prices) }));

  return {
    async call(request: ModelRequest, callOptions: ModelCallOptions): Promise<ModelReply> {
      const { provider, name } = checkProvider(request.model, options);
      const adapter = adapters.get(provider);
      if (adapter === undefined) throw new FlockworkError('internal', `there is no adapter for the provider ${provider}`, { details: { provider } });
      return adapter.call(name, request, callOptions);
    },
  };
}
