/**
 * The models: one port over every provider, by `provider/name`. A provider's SDK retries nothing and is loaded by its first
 * call; every failure is a `model_*` code or `aborted`. Nothing here keeps state of a goal, and nothing here reads the environment
 * unless it is passed in.
 */
export type { ModelBounds } from './bounds.ts';
export { chooseModel, type ModelChoice, type ModelChoiceOptions } from './choose.ts';
export { checkProvider, type ProviderSections } from './configured.ts';
export { parseModelName } from './model-name.ts';
export type { AnthropicOptions, ModelsOptions, WireOptions } from './options.ts';
export type { Price } from './prices.ts';
export { type ModelProbe, probeModel } from './probe.ts';
export { createModels } from './router.ts';
