import type { ModelMessage, ModelToolCall } from '../../../actors/ports/models.ts';

/** What stands for tokens here: 1.3 for a word, rounded. */
const tokensPerWord = 1.3;

export function tokensOf(text: string): number {
  let words = 0;
  let inside = false;
  for (let index = 0; index < text.length; index++) {
    const space = text.charCodeAt(index) <= 32;
    if (!space && !inside) words += 1;
    inside = !space;
  }
  return Math.round(words * tokensPerWord);
}

function callTokens(calls: readonly ModelToolCall[]): number {
  return calls.reduce((sum, call) => sum + tokensOf(`${call.name} ${call.malformed ?? JSON.stringify(call.input ?? {})}`), 0);
}

export function inputTokens(messages: readonly ModelMessage[]): number {
  return messages.reduce((sum, message) => sum + tokensOf(message.text) + (message.role === 'assistant' ? callTokens(message.toolCalls) : 0), 0);
}

export function outputTokens(text: string, calls: readonly ModelToolCall[]): number {
  return tokensOf(text) + callTokens(calls);
}
