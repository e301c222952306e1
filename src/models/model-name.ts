import { FlockworkError } from '../../protocols/errors/error.ts';

/** The providers that this version can speak to. */
export const providerNames = ['offline', 'openai', 'anthropic', 'ollama'] as const;
export type ProviderName = (typeof providerNames)[number];

export interface ModelName {
  readonly provider: ProviderName;
  readonly name: string;
}

export function isProviderName(text: string): text is ProviderName {
  return providerNames.some((known) => known === text);
}

/** Reads `provider/name`; the name itself may hold slashes. Throws `model_unknown`. */
export function parseModelName(model: string): ModelName {
  const slash = model.indexOf('/');
  const provider = slash < 0 ? model : model.slice(0, slash);
  const name = slash < 0 ? '' : model.slice(slash + 1);
  const known = providerNames.join(', ');
  if (!isProviderName(provider)) {
    throw new FlockworkError('model_unknown', `The model "${model}" names the provider "${provider}", which is none of ${known}. Write it as provider/name.`, {
      details: { model, known: providerNames },
    });
  }
  if (name === '') {
    throw new FlockworkError(
      'model_unknown',
      `The model "${model}" has no name after its provider. Write it as provider/name, for instance offline/extractive.`,
      {
        details: { model, known: providerNames },
      },
    );
  }
  return { provider, name };
}
