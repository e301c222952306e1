import type { MockReply, MockToolCall, MockUsage } from './reply.ts';
import type { MockRequest } from './request.ts';

/** How a chat answer looks on the OpenAI wire. */
const charsPerToken = 4;
const tokensOf = (text: string): number => Math.ceil(text.length / charsPerToken);

function argumentsOf(call: MockToolCall): string {
  return call.rawArguments ?? JSON.stringify(call.input ?? {});
}

function toolCallOf(call: MockToolCall, callId: number, index: number) {
  return { id: `call_${callId}_${index}`, type: 'function' as const, function: { name: call.name.replaceAll('.', '_'), arguments: argumentsOf(call) } };
}

function usageOf(reply: MockReply, request: MockRequest) {
  const said = `${reply.text ?? ''}${(reply.toolCalls ?? []).map(argumentsOf).join('')}`;
  const counted: MockUsage = {
    prompt: tokensOf(request.system) + tokensOf(request.user) + request.toolResults.reduce((sum, text) => sum + tokensOf(text), 0),
    cached: 0,
    completion: tokensOf(said),
    reasoning: 0,
  };
  const usage = { ...counted, ...reply.usage };
  return {
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    total_tokens: usage.prompt + usage.completion,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

function finishOf(reply: MockReply): string {
  return reply.finish ?? ((reply.toolCalls ?? []).length > 0 ? 'tool_calls' : 'stop');
}

const created = 1_700_000_000;

export function completionOf(reply: MockReply, request: MockRequest, callId: number): string {
  const calls = (reply.toolCalls ?? []).map((call, index) => toolCallOf(call, callId, index));
  const message = { role: 'assistant', content: reply.text ?? null, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
  return JSON.stringify({
    id: `chatcmpl-${callId}`,
    object: 'chat.completion',
    created,
    model: request.model,
    choices: [{ index: 0, message, finish_reason: finishOf(reply) }],
    usage: usageOf(reply, request),
  });
}

export function chunkOf(model: string, callId: number, delta: object, finish: string | null = null): string {
  return eventOf({ id: `chatcmpl-${callId}`, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta, finish_reason: finish }] });
}

export function eventOf(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** The events of a stream, piece by piece: role, words, tool calls with their arguments in halves, finish, usage, end. */
export function* streamOf(reply: MockReply, request: MockRequest, callId: number, includeUsage: boolean): Generator<string, void, void> {
  const { model } = request;
  yield chunkOf(model, callId, { role: 'assistant', content: '' });
  for (const words of (reply.text ?? '').match(/\S*\s*(?:\S+\s*){0,7}/g) ?? []) {
    if (words !== '') yield chunkOf(model, callId, { content: words });
  }
  for (const [index, call] of (reply.toolCalls ?? []).entries()) {
    const { function: named, ...head } = toolCallOf(call, callId, index);
    const middle = Math.ceil(named.arguments.length / 2);
    yield chunkOf(model, callId, { tool_calls: [{ index, ...head, function: { name: named.name, arguments: '' } }] });
    yield chunkOf(model, callId, { tool_calls: [{ index, function: { arguments: named.arguments.slice(0, middle) } }] });
    yield chunkOf(model, callId, { tool_calls: [{ index, function: { arguments: named.arguments.slice(middle) } }] });
  }
  yield chunkOf(model, callId, {}, finishOf(reply));
  if (includeUsage) yield eventOf({ id: `chatcmpl-${callId}`, object: 'chat.completion.chunk', created, model, choices: [], usage: usageOf(reply, request) });
  yield 'data: [DONE]\n\n';
}
