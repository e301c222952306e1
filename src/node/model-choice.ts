import type { LoadedConfig } from '../config/index.ts';
import { chooseModel, type ModelChoice, type ModelProbe, probeModel } from '../models/index.ts';

/** The model of goals that name none. */
export function modelFor({ values, origins, environment, credentials }: LoadedConfig): Promise<ModelChoice> {
  return chooseModel({
    ...(origins['model.name']?.startsWith('flag ') ? { flag: values.model.name } : { config: values.model.name }),
    env: environment,
    openai: { baseUrl: values.openai.baseUrl, model: values.openai.model, apiKey: credentials.openaiApiKey },
    anthropic: {
      baseUrl: values.anthropic.baseUrl,
      // The default of the schema is a model of Anthropic's own server; another one lists what it has.
      model: origins['anthropic.model'] === 'default' ? undefined : values.anthropic.model,
      apiKey: credentials.anthropicApiKey,
    },
    ollama: values.ollama,
  });
}

/** Asks the server of a model whether it is there, within `maxMs`; undefined where there is none. Throws `model_*`. */
export function probeModelOf({ values, credentials }: LoadedConfig, model: string, maxMs: number): Promise<ModelProbe | undefined> {
  const { openai, anthropic, ollama } = values;
  return probeModel(model, {
    openai: { baseUrl: openai.baseUrl, apiKey: credentials.openaiApiKey },
    anthropic: { baseUrl: anthropic.baseUrl, apiKey: credentials.anthropicApiKey },
    ollama,
    listModelsMaxMs: maxMs,
  });
}
