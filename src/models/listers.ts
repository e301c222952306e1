import { listAnthropicModels } from './anthropic/list-models.ts';
import { listOpenAiModels } from './openai/list-models.ts';

/** How each provider that has a server is asked for its models. */
export const listers = { openai: listOpenAiModels, anthropic: listAnthropicModels, ollama: listOpenAiModels };
export type ListingProvider = keyof typeof listers;

export function isListing(provider: string): provider is ListingProvider {
  return Object.hasOwn(listers, provider);
}
