import { chatBody, chatRequest } from './chat-request.ts';
import type { MockReply, MockToolCall } from './reply.ts';
import type { MockRequest } from './request.ts';
import { argumentsOf, usageOf } from './usage.ts';
import { type MockWire, wordsOf } from './wire.ts';

function toolCallOf(call: MockToolCall, callId: number, index: number) {
  return { id: `call_${callId}_${index}`, type: 'function' as const, function: { name: call.name.replaceAll('.', '_'), arguments: argumentsOf(call) } };
}

function wireUsage(reply: MockReply, request: MockRequest) {
  const usage = usageOf(reply, request);
  return {
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    total_tokens: usage.prompt + usage.completion,
    prompt_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: usage.written },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

function finishOf(reply: MockReply): string {
  return reply.finish ?? ((reply.toolCalls ?? []).length > 0 ? 'tool_calls' : 'stop');
}

const created = 1_700_000_000;

function completionOf(reply: MockReply, request: MockRequest, callId: number): string {
  const calls = (reply.toolCalls ?? []).map((call, index) => toolCallOf(call, callId, index));
  const message = { role: 'assistant', content: reply.text ?? null, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
  return JSON.stringify({
    id: `chatcmpl-${callId}`,
    object: 'chat.completion',
    created,
    model: request.model,
    choices: [{ index: 0, message, finish_reason: finishOf(reply) }],
    usage: wireUsage(reply, request),
  });
}

function chunkOf(model: string, callId: number, delta: object, finish: string | null = null): string {
  return eventOf({ id: `chatcmpl-${callId}`, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta, finish_reason: finish }] });
}

function eventOf(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** The events of a stream, piece by piece: role, words, tool calls with their arguments in halves, finish, usage, end. */
function* streamOf(reply: MockReply, request: MockRequest, callId: number, includeUsage: boolean): Generator<string, void, void> {
  const { model } = request;
  yield chunkOf(model, callId, { role: 'assistant', content: '' });
  for (let n = 0; n < (reply.pings ?? 0); n++) yield ': ping\n\n';
  for (const words of wordsOf(reply.text ?? '')) yield chunkOf(model, callId, { content: words });
  for (const [index, call] of (reply.toolCalls ?? []).entries()) {
    const { function: named, ...head } = toolCallOf(call, callId, index);
    const middle = Math.ceil(named.arguments.length / 2);
    yield chunkOf(model, callId, { tool_calls: [{ index, ...head, function: { name: named.name, arguments: '' } }] });
    yield chunkOf(model, callId, { tool_calls: [{ index, function: { arguments: named.arguments.slice(0, middle) } }] });
    yield chunkOf(model, callId, { tool_calls: [{ index, function: { arguments: named.arguments.slice(middle) } }] });
  }
  yield chunkOf(model, callId, {}, finishOf(reply));
  if (includeUsage) yield eventOf({ id: `chatcmpl-${callId}`, object: 'chat.completion.chunk', created, model, choices: [], usage: wireUsage(reply, request) });
  yield 'data: [DONE]\n\n';
}

/** OpenAI Chat Completions. */
export const chatWire: MockWire = {
  name: 'openai',
  read(body, headers, before) {
    const read = chatBody.safeParse(body);
    if (!read.success) return 'The body is not a Chat Completions request.';
    const request = chatRequest(read.data, String(headers['x-flockwork-key'] ?? ''), before);
    const { model } = request;
    return {
      request,
      streamed: read.data.stream === true,
      whole: (reply, callId) => completionOf(reply, request, callId),
      pieces: (reply, callId) => streamOf(reply, request, callId, read.data.stream_options?.include_usage === true),
      begun: (callId) => chunkOf(model, callId, { role: 'assistant', content: '' }) + chunkOf(model, callId, { content: 'Hel' }),
      almostEnded: () => '',
      endMarker: (callId) => chunkOf(model, callId, {}, 'stop'),
      errorEvent: () => eventOf({ error: { message: 'overloaded', type: 'server_error', code: 'overloaded' } }),
      notJson: () => 'data: {"choices": [\n\n',
      notAnEvent: () => eventOf({ choices: 'none today' }),
    };
  },
  failure: ({ status, code = `e${status}`, message, param }) => ({ error: { message: message ?? 'scripted', type: code, code, param: param ?? null } }),
};
