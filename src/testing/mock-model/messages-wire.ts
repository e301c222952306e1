import { messagesBody, messagesFault, messagesRequest } from './messages-request.ts';
import type { MockReply, MockToolCall } from './reply.ts';
import type { MockRequest } from './request.ts';
import { signatureOf, toolUseId } from './thinking.ts';
import { argumentsOf, usageOf } from './usage.ts';
import { type MockWire, wordsOf } from './wire.ts';

/** How the provider names a status; everything else is `api_error` above 500 and `invalid_request_error` below. */
const errorTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const stopReasons: Readonly<Record<string, string>> = { stop: 'end_turn', tool_calls: 'tool_use', length: 'max_tokens', content_filter: 'refusal' };

function stopReasonOf(reply: MockReply): string {
  const finish = reply.finish ?? ((reply.toolCalls ?? []).length > 0 ? 'tool_calls' : 'stop');
  return stopReasons[finish] ?? finish;
}

/** The input counts neither what is read from the cache nor what is written to it. */
function wireUsage(reply: MockReply, request: MockRequest) {
  const usage = usageOf(reply, request);
  return {
    input_tokens: usage.prompt - usage.cached - usage.written,
    cache_read_input_tokens: usage.cached,
    cache_creation_input_tokens: usage.written,
    output_tokens: usage.completion,
    output_tokens_details: { thinking_tokens: usage.reasoning },
  };
}

function eventOf(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function messageOf(model: string, callId: number) {
  return { id: `msg_${callId}`, type: 'message', role: 'assistant', model, content: [] as unknown[], stop_reason: null as string | null, stop_sequence: null };
}

function toolUseOf(call: MockToolCall, id: string, input: unknown) {
  return { type: 'tool_use', id, name: call.name.replaceAll('.', '_'), input };
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An answer in one piece can only carry JSON.
    return { malformed: text };
  }
}

function wholeMessage(reply: MockReply, request: MockRequest, callId: number): string {
  const calls = (reply.toolCalls ?? []).map((call, index) => toolUseOf(call, toolUseId(callId, index, reply.thinking), parsedOr(argumentsOf(call))));
  const thoughts = reply.thinking === undefined ? [] : [{ type: 'thinking', thinking: reply.thinking, signature: signatureOf(reply.thinking) }];
  const texts = (reply.text ?? '') === '' ? [] : [{ type: 'text', text: reply.text }];
  return JSON.stringify({
    ...messageOf(request.model, callId),
    content: [...thoughts, ...texts, ...calls],
    stop_reason: stopReasonOf(reply),
    usage: wireUsage(reply, request),
  });
}

function started(request: MockRequest, reply: MockReply, callId: number): string {
  return eventOf({ type: 'message_start', message: { ...messageOf(request.model, callId), usage: { ...wireUsage(reply, request), output_tokens: 1 } } });
}

function blockStart(index: number, block: object): string {
  return eventOf({ type: 'content_block_start', index, content_block: block });
}

function blockDelta(index: number, delta: object): string {
  return eventOf({ type: 'content_block_delta', index, delta });
}

function blockStop(index: number): string {
  return eventOf({ type: 'content_block_stop', index });
}

function lastDelta(reply: MockReply, request: MockRequest): string {
  const { output_tokens, output_tokens_details } = wireUsage(reply, request);
  return eventOf({
    type: 'message_delta',
    delta: { stop_reason: stopReasonOf(reply), stop_sequence: null },
    usage: { output_tokens, output_tokens_details },
  });
}

const messageStop = eventOf({ type: 'message_stop' });

/** The events of a stream: start, pings, the thinking with its signature, the text in words, each tool call with its arguments in halves, the last delta, the end. */
function* streamOf(reply: MockReply, request: MockRequest, callId: number): Generator<string, void, void> {
  yield started(request, reply, callId);
  for (let n = 0; n < (reply.pings ?? 0); n++) yield eventOf({ type: 'ping' });
  let blocksBefore = 0;
  if (reply.thinking !== undefined) {
    const index = blocksBefore++;
    yield blockStart(index, { type: 'thinking', thinking: '', signature: '' });
    for (const thinking of wordsOf(reply.thinking)) yield blockDelta(index, { type: 'thinking_delta', thinking });
    yield blockDelta(index, { type: 'signature_delta', signature: signatureOf(reply.thinking) });
    yield blockStop(index);
  }
  const words = wordsOf(reply.text ?? '');
  if (words.length > 0) {
    const index = blocksBefore++;
    yield blockStart(index, { type: 'text', text: '' });
    for (const text of words) yield blockDelta(index, { type: 'text_delta', text });
    yield blockStop(index);
  }
  for (const [at, call] of (reply.toolCalls ?? []).entries()) {
    const index = blocksBefore + at;
    const json = argumentsOf(call);
    const middle = Math.ceil(json.length / 2);
    yield blockStart(index, toolUseOf(call, toolUseId(callId, at, reply.thinking), {}));
    yield blockDelta(index, { type: 'input_json_delta', partial_json: json.slice(0, middle) });
    yield blockDelta(index, { type: 'input_json_delta', partial_json: json.slice(middle) });
    yield blockStop(index);
  }
  yield lastDelta(reply, request);
  yield messageStop;
}

/** Anthropic Messages. */
export const messagesWire: MockWire = {
  name: 'anthropic',
  read(body, headers, before) {
    if (headers['anthropic-version'] === undefined) return 'anthropic-version: header is required';
    const read = messagesBody.safeParse(body);
    if (!read.success) return `${read.error.issues[0]?.path.join('.') ?? ''}: ${read.error.issues[0]?.message ?? 'invalid'}`;
    const fault = messagesFault(read.data);
    if (fault !== undefined) return fault;
    const request = messagesRequest(read.data, String(headers['x-flockwork-key'] ?? ''), before);
    const begun = { text: 'Hel' };
    return {
      request,
      streamed: read.data.stream === true,
      whole: (reply, callId) => wholeMessage(reply, request, callId),
      pieces: (reply, callId) => streamOf(reply, request, callId),
      begun: (callId) => started(request, begun, callId) + blockStart(0, { type: 'text', text: '' }) + blockDelta(0, { type: 'text_delta', text: 'Hel' }),
      almostEnded: () => blockStop(0) + lastDelta(begun, request),
      endMarker: () => blockStop(0) + lastDelta(begun, request) + messageStop,
      errorEvent: () => eventOf({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
      notJson: () => 'event: content_block_delta\ndata: {"type": "content_block_delta", \n\n',
      notAnEvent: () => blockDelta(0, { type: 7 }),
    };
  },
  failure({ status, code, message }) {
    const usual = errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
    // A code that is not a type of the wire is the finer one that stands in the details.
    const isType = code === undefined || code.endsWith('_error') || code === 'request_too_large';
    const details = isType ? {} : { details: { error_code: code } };
    return { type: 'error', error: { type: isType ? (code ?? usual) : usual, message: message ?? 'scripted', ...details }, request_id: `req_${status}` };
  },
};
