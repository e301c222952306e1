import { FlockworkError } from '../../protocols/errors/error.ts';
import { anthropicBaseUrl } from './anthropic/base-url.ts';
import { hostOf } from './base-url.ts';
import { type ModelBounds, modelBoundsDefault } from './bounds.ts';
import { type Environment, ollamaBaseUrl, providersOfEnvironment, variable } from './environment.ts';
import { isListing, type ListingProvider, listers } from './listers.ts';
import { parseModelName } from './model-name.ts';
import {
  type AnthropicOptions,
  anthropicBaseUrlDefault,
  anthropicModelDefault,
  filled,
  offlineModel,
  openaiBaseUrlDefault,
  openaiModelDefault,
  type WireOptions,
} from './options.ts';

export interface ModelChoiceOptions {
  /** `--model`. */
  readonly flag?: string | undefined;
  /** The model that the configuration names. */
  readonly config?: string | undefined;
  readonly env: Environment;
  /** Provider sections of the configuration; the environment fills what they leave open. A model that is only a default is not named here. */
  readonly openai?: WireOptions | undefined;
  readonly anthropic?: AnthropicOptions | undefined;
  readonly ollama?: Pick<WireOptions, 'baseUrl' | 'model'> | undefined;
  readonly listModelsMaxMs?: number | undefined;
}

export interface ModelChoice {
  /** provider/name */
  readonly model: string;
  /** Why this one, for the first line on stderr. */
  readonly why: string;
}

/** A provider's own choice, and what made it. */
interface ProviderDefault {
  readonly model: string;
  readonly from: string;
}

async function firstModel(provider: ListingProvider, wire: WireOptions & { readonly baseUrl: string }, listModelsMaxMs: number): Promise<ProviderDefault> {
  const bounds: ModelBounds = { ...modelBoundsDefault, listModelsMaxMs };
  const host = hostOf(wire.baseUrl);
  let names: readonly string[];
  try {
    names = await listers[provider](wire, bounds);
  } catch (error) {
    if (!(error instanceof FlockworkError)) throw error;
    throw new FlockworkError(
      error.code,
      `No model was named, and ${host} was asked for its models in vain. Name one with --model ${provider}/<name>, or use --model ${offlineModel}.`,
      {
        cause: error,
        retryable: error.retryable,
        details: { ...error.details, provider },
      },
    );
  }
  const [name] = names;
  if (name === undefined) {
    throw new FlockworkError('model_unknown', `${host} has no models. Load one there, or use --model ${offlineModel}.`, { details: { provider } });
  }
  return { model: `${provider}/${name}`, from: `the first model of ${host}` };
}

/** The default of a provider that has its own base URL; that one lists its models in no order that means anything. */
function openaiDefault({ env, openai }: ModelChoiceOptions, listModelsMaxMs: number): Promise<ProviderDefault> | ProviderDefault {
  const byEnvironment = variable(env, 'OPENAI_MODEL');
  const named = byEnvironment ?? filled(openai?.model);
  if (named !== undefined) return { model: `openai/${named}`, from: byEnvironment === undefined ? 'openai.model' : 'OPENAI_MODEL' };
  const fromEnvironment = providersOfEnvironment(env).openai;
  const baseUrl = filled(openai?.baseUrl) ?? fromEnvironment?.baseUrl;
  if (baseUrl === undefined || baseUrl === openaiBaseUrlDefault) return { model: `openai/${openaiModelDefault}`, from: 'the default of openai' };
  const apiKey = filled(openai?.apiKey) ?? fromEnvironment?.apiKey;
  const organization = filled(openai?.organization) ?? fromEnvironment?.organization;
  return firstModel('openai', { baseUrl, apiKey, organization }, listModelsMaxMs);
}

function anthropicDefault({ env, anthropic }: ModelChoiceOptions, listModelsMaxMs: number): Promise<ProviderDefault> | ProviderDefault {
  const named = filled(anthropic?.model);
  if (named !== undefined) return { model: `anthropic/${named}`, from: 'anthropic.model' };
  const fromEnvironment = providersOfEnvironment(env).anthropic;
  const baseUrl = anthropicBaseUrl(filled(anthropic?.baseUrl) ?? fromEnvironment?.baseUrl ?? anthropicBaseUrlDefault);
  if (baseUrl === anthropicBaseUrlDefault) return { model: `anthropic/${anthropicModelDefault}`, from: 'the default of anthropic' };
  return firstModel('anthropic', { baseUrl, apiKey: filled(anthropic?.apiKey) ?? fromEnvironment?.apiKey }, listModelsMaxMs);
}

function ollamaDefault({ env, ollama }: ModelChoiceOptions, listModelsMaxMs: number): Promise<ProviderDefault> | ProviderDefault {
  const named = filled(ollama?.model);
  if (named !== undefined) return { model: `ollama/${named}`, from: 'ollama.model' };
  return firstModel('ollama', { baseUrl: ollamaBaseUrl(filled(ollama?.baseUrl) ?? variable(env, 'OLLAMA_HOST')) }, listModelsMaxMs);
}

const providerDefaults = { openai: openaiDefault, anthropic: anthropicDefault, ollama: ollamaDefault };

/**
 * Which model a goal that names none uses: flag, configuration, OPENAI_*, ANTHROPIC_*, OLLAMA_HOST, offline.
 * A provider without a model (`openai`) means that provider's default. Throws `model_unknown`, `config_invalid`, and the `model_*`
 * failure of a server that was to name its first model: what was asked for is never replaced silently.
 */
export async function chooseModel(options: ModelChoiceOptions): Promise<ModelChoice> {
  const listModelsMaxMs = options.listModelsMaxMs ?? modelBoundsDefault.listModelsMaxMs;
  for (const [asked, by] of [[filled(options.flag), '--model'] as const, [filled(options.config), 'the configuration'] as const]) {
    if (asked === undefined) continue;
    if (asked === 'offline') return { model: offlineModel, why: `${by} says offline` };
    if (isListing(asked)) {
      const { model, from } = await providerDefaults[asked](options, listModelsMaxMs);
      return { model, why: `${by} says ${asked}, and ${from} names the model` };
    }
    parseModelName(asked);
    return { model: asked, why: `${by} names it` };
  }
  for (const [provider, source] of sourcesOf(options)) {
    if (source === undefined) continue;
    const { model, from } = await providerDefaults[provider](options, listModelsMaxMs);
    return { model, why: `${source} is set, and ${from} names the model` };
  }
  return { model: offlineModel, why: 'no model is configured: it is built in and needs no network' };
}

/** What asks for each provider, the strongest provider first. */
function sourcesOf({ env, openai, anthropic }: ModelChoiceOptions): readonly (readonly [ListingProvider, string | undefined])[] {
  const variableOf = (...names: readonly string[]): string | undefined => names.find((name) => variable(env, name) !== undefined);
  const sectionOf = (provider: string, section: Pick<WireOptions, 'baseUrl' | 'apiKey'> | undefined): string | undefined =>
    filled(section?.baseUrl) !== undefined ? `${provider}.baseUrl` : filled(section?.apiKey) !== undefined ? `the key of ${provider}` : undefined;
  return [
    ['openai', variableOf('OPENAI_BASE_URL', 'OPENAI_API_KEY') ?? sectionOf('openai', openai)],
    ['anthropic', variableOf('ANTHROPIC_BASE_URL', 'ANTHROPIC_API_KEY') ?? sectionOf('anthropic', anthropic)],
    ['ollama', variableOf('OLLAMA_HOST')],
  ];
}
