/**
 * The attributes of OpenTelemetry's semantic conventions for generative AI that we use
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/, version 1.38), copied because their package may break in minors.
 */
export const genAi = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  conversation: 'gen_ai.conversation.id',
  agentId: 'gen_ai.agent.id',
  agentName: 'gen_ai.agent.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  toolName: 'gen_ai.tool.name',
  toolCall: 'gen_ai.tool.call.id',
  toolType: 'gen_ai.tool.type',
} as const;

export const errorType = 'error.type';

/** What our providers are called there. */
const providers: Readonly<Record<string, string>> = { openai: 'openai', anthropic: 'anthropic', ollama: 'ollama' };

/** `openai/gpt` → provider and model. */
export function modelAttributes(model: string): { readonly provider: string; readonly name: string } {
  const at = model.indexOf('/');
  const prefix = at < 0 ? '' : model.slice(0, at);
  return { provider: providers[prefix] ?? (prefix === '' ? 'flockwork' : `flockwork.${prefix}`), name: at < 0 ? model : model.slice(at + 1) };
}
