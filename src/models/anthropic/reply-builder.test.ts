import { describe, expect, test } from 'vitest';
import { ToolNames } from '../tool-names.ts';
import { messageEvents } from './message-events.ts';
import { ReplyBuilder } from './reply-builder.ts';

const builder = (round = 0) => new ReplyBuilder({ model: 'anthropic/m', names: new ToolNames(['fs.list']), round, replyCharsMax: 10_000, toolCallsMax: 10 });
const stop = { type: 'message_stop' };
const ended = (stop_reason: string | null) => ({ type: 'message_delta', delta: { stop_reason }, usage: null });

describe('servers that bend the wire', () => {
  test('arguments that stand whole at the beginning of a block, and calls without an id', () => {
    const reply = builder(3);
    reply.add({ type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'a', name: 'fs_list', input: { path: 'x' } } });
    reply.add({ type: 'content_block_start', index: 1, content_block: { type: 'tool_use', name: 'rm_all', input: null } });
    reply.add(ended('end_turn'));
    reply.add(stop);
    expect(reply.finish()).toMatchObject({
      finish: 'tool-calls',
      toolCalls: [
        { id: 'a', name: 'fs.list', input: { path: 'x' } },
        { id: 'call-3-1', name: 'rm_all', input: {} },
      ],
    });
  });

  test('arguments that come in pieces win over the empty ones at the beginning', () => {
    const reply = builder();
    reply.add({ type: 'content_block_start', index: 5, content_block: { type: 'tool_use', id: 'a', name: 'fs_list', input: {} } });
    reply.add({ type: 'content_block_delta', index: 5, delta: { type: 'input_json_delta', partial_json: '{"path":"x"}' } });
    reply.add(ended('tool_use'));
    reply.add(stop);
    expect(reply.finish().toolCalls).toEqual([{ id: 'a', name: 'fs.list', input: { path: 'x' } }]);
  });

  test('thinking, tools of the provider, pings and events of the future are passed over', () => {
    const reply = builder();
    reply.add({ type: 'message_start', message: { model: null, usage: null } });
    reply.add({ type: 'ping' });
    reply.add({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: 'Hm.' } });
    reply.add({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Bees?' } });
    reply.add({ type: 'content_block_start', index: 1, content_block: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} } });
    reply.add({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{}' } });
    reply.add({ type: 'content_block_start', index: 2, content_block: { type: 'text', text: 'Be' } });
    reply.add({ type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'es.' } });
    reply.add({ type: 'weather_report', sun: true });
    reply.add(ended(null));
    reply.add(stop);
    expect(reply.finish()).toEqual({ text: 'Bees.', toolCalls: [], finish: 'other', usage: null, answeredBy: 'anthropic/m' });
  });
});

test('later counts replace earlier ones, and what they leave out stays', () => {
  const reply = builder();
  reply.add({
    type: 'message_start',
    message: { model: 'm-1', usage: { input_tokens: 10, cache_read_input_tokens: 4, cache_creation_input_tokens: 2, output_tokens: 1 } },
  });
  reply.add({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn' },
    usage: { input_tokens: null, output_tokens: 7, output_tokens_details: { thinking_tokens: 5 } },
  });
  reply.add(stop);
  expect(reply.finish()).toMatchObject({ usage: { input: 10, cacheRead: 4, cacheWrite: 2, output: 7, reasoning: 5 }, answeredBy: 'm-1' });
});

test('what has no type is malformed', () => {
  expect(() => builder().add({ choices: [] })).toThrow(expect.objectContaining({ code: 'model_malformed', details: { model: 'anthropic/m', path: 'type' } }));
});

test('events without an event line are read by their type, an error among them', async () => {
  async function* source() {
    yield { event: null, data: '{"type":"ping"}' };
    yield { event: 'ping', data: '' };
    yield { event: null, data: '{"type":"error","error":{"type":"overloaded_error"}}' };
  }
  const events = messageEvents(source(), (body) => new Error(JSON.stringify(body)));
  expect((await events.next()).value).toEqual({ type: 'ping' });
  await expect(events.next()).rejects.toThrow('overloaded_error');
});
