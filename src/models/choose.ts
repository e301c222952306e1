import { FlockworkError } from '../../protocols/errors/error.ts';
import { type ModelBounds, modelBoundsDefault } from './bounds.ts';
import { type Environment, ollamaBaseUrl, providersOfEnvironment, variable } from './environment.ts';
import { parseModelName } from './model-name.ts';
import { listModels } from './openai/list-models.ts';
import { filled, offlineModel, openaiBaseUrlDefault, openaiModelDefault, type WireOptions } from './options.ts';

export interface ModelChoiceOptions {
  /** `--model`. */
  readonly flag?: string | undefined;
  /** The model that the configuration names. */
  readonly config?: string | undefined;
  readonly env: Environment;
  /** Provider sections of the configuration; the environment fills what they leave open. */
  readonly openai?: WireOptions | undefined;
  readonly ollama?: Pick<WireOptions, 'baseUrl' | 'model'> | undefined;
  readonly listModelsMaxMs?: number | undefined;
}

export interface ModelChoice {
  /** provider/name */
  readonly model: string;
  /** Why this one, for the first line on stderr. */
  readonly why: string;
  /** Something that was set and passed over. */
  readonly note?: string;
}

const anthropicNote = 'ANTHROPIC_API_KEY is set, but this version cannot speak to Anthropic yet, so it was passed over.';

async function firstModel(provider: 'openai' | 'ollama', wire: WireOptions & { readonly baseUrl: string }, listModelsMaxMs: number): Promise<string> {
  const bounds: ModelBounds = { ...modelBoundsDefault, listModelsMaxMs };
  let names: readonly string[];
  try {
    names = await listModels(wire, bounds);
  } catch (error) {
    if (!(error instanceof FlockworkError)) throw error;
    throw new FlockworkError(
      error.code,
      `No model was named, and ${hostOf(wire.baseUrl)} was asked for its models in vain. Name one with --model ${provider}/<name>, or use --model ${offlineModel}.`,
      {
        cause: error,
        retryable: error.retryable,
        details: { ...error.details, provider },
      },
    );
  }
  const [name] = names;
  if (name === undefined) {
    throw new FlockworkError('model_unknown', `${hostOf(wire.baseUrl)} has no models. Load one there, or use --model ${offlineModel}.`, {
      details: { provider },
    });
  }
  return `${provider}/${name}`;
}

/**
 * Which model a goal that names none uses: flag, configuration, OPENAI_*, ANTHROPIC_*, OLLAMA_HOST, offline.
 * A provider without a model (`openai`) means that provider's default. Throws `model_unknown`, and the `model_*` failure of a
 * server that was to name its first model: what was asked for is never replaced silently.
 */
export async function chooseModel(options: ModelChoiceOptions): Promise<ModelChoice> {
  const { env } = options;
  const wire = wireOf(options);
  const listModelsMaxMs = options.listModelsMaxMs ?? modelBoundsDefault.listModelsMaxMs;
  const openaiDefault = async (): Promise<{ model: string; from: string }> => {
    const byEnvironment = variable(env, 'OPENAI_MODEL');
    const named = byEnvironment ?? filled(options.openai?.model);
    if (named !== undefined) return { model: `openai/${named}`, from: byEnvironment === undefined ? 'openai.model' : 'OPENAI_MODEL' };
    const { baseUrl } = wire;
    // The provider's own URL lists its models in no order that means anything.
    if (baseUrl === undefined || baseUrl === openaiBaseUrlDefault) return { model: `openai/${openaiModelDefault}`, from: 'the default of openai' };
    return { model: await firstModel('openai', { ...wire, baseUrl }, listModelsMaxMs), from: `the first model of ${hostOf(baseUrl)}` };
  };
  const ollamaDefault = async (): Promise<{ model: string; from: string }> => {
    const named = filled(options.ollama?.model);
    if (named !== undefined) return { model: `ollama/${named}`, from: 'ollama.model' };
    const baseUrl = ollamaBaseUrl(filled(options.ollama?.baseUrl) ?? variable(env, 'OLLAMA_HOST'));
    return { model: await firstModel('ollama', { baseUrl }, listModelsMaxMs), from: `the first model of ${hostOf(baseUrl)}` };
  };

  for (const [asked, by] of [[filled(options.flag), '--model'] as const, [filled(options.config), 'the configuration'] as const]) {
    if (asked === undefined) continue;
    if (asked === 'offline') return { model: offlineModel, why: `${by} says offline` };
    if (asked === 'openai' || asked === 'ollama') {
      const { model, from } = await (asked === 'openai' ? openaiDefault() : ollamaDefault());
      return { model, why: `${by} says ${asked}, and ${from} names the model` };
    }
    parseModelName(asked);
    return { model: asked, why: `${by} names it` };
  }

  const openaiSource = openaiSourceOf(options);
  if (openaiSource !== undefined) {
    const { model, from } = await openaiDefault();
    return { model, why: `${openaiSource} is set, and ${from} names the model` };
  }
  const noted = variable(env, 'ANTHROPIC_API_KEY') === undefined ? {} : { note: anthropicNote };
  if (variable(env, 'OLLAMA_HOST') !== undefined) {
    const { model, from } = await ollamaDefault();
    return { model, why: `OLLAMA_HOST is set, and ${from} names the model`, ...noted };
  }
  return { model: offlineModel, why: 'no model is configured: it is built in and needs no network', ...noted };
}

function openaiSourceOf({ env, openai }: ModelChoiceOptions): string | undefined {
  const named = ['OPENAI_BASE_URL', 'OPENAI_API_KEY'].find((name) => variable(env, name) !== undefined);
  return (
    named ?? (filled(openai?.baseUrl) === undefined ? undefined : 'openai.baseUrl') ?? (filled(openai?.apiKey) === undefined ? undefined : 'the key of openai')
  );
}

function hostOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : baseUrl;
}

function wireOf({ env, openai }: ModelChoiceOptions): WireOptions {
  const fromEnvironment = providersOfEnvironment(env).openai;
  return {
    baseUrl: filled(openai?.baseUrl) ?? fromEnvironment?.baseUrl,
    apiKey: filled(openai?.apiKey) ?? fromEnvironment?.apiKey,
    organization: filled(openai?.organization) ?? fromEnvironment?.organization,
  };
}
