import type { MockReply, MockToolCall, MockUsage } from './reply.ts';
import type { MockRequest } from './request.ts';
import { tokensOf } from './wire.ts';

export function argumentsOf(call: MockToolCall): string {
  return call.rawArguments ?? JSON.stringify(call.input ?? {});
}

/** What the reply says, else an estimate from the lengths of the texts. */
export function usageOf(reply: MockReply, request: MockRequest): MockUsage {
  const said = `${reply.text ?? ''}${(reply.toolCalls ?? []).map(argumentsOf).join('')}`;
  return {
    prompt: tokensOf(request.system) + tokensOf(request.user) + request.toolResults.reduce((sum, text) => sum + tokensOf(text), 0),
    cached: 0,
    written: 0,
    completion: tokensOf(said),
    reasoning: 0,
    ...reply.usage,
  };
}
