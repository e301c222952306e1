import { describe, expect, test } from 'vitest';
import { ToolNames } from '../tool-names.ts';
import { ReplyBuilder } from './reply-builder.ts';

const builder = (round = 0) =>
  new ReplyBuilder({ model: 'openai/m', names: new ToolNames(['fs.list', 'fs.read']), round, replyCharsMax: 10_000, toolCallsMax: 10 });
const delta = (part: object, finish: string | null = null) => ({ choices: [{ delta: part, finish_reason: finish }] });

describe('servers that bend the wire', () => {
  test('whole calls that all carry index 0 stay apart', () => {
    const reply = builder();
    reply.add(delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'fs_list', arguments: '{"path":"x"}' } }] }));
    reply.add(delta({ tool_calls: [{ index: 0, id: 'b', function: { name: 'fs_read', arguments: { path: 'y' } } }] }));
    reply.add(delta({}, 'stop'));
    expect(reply.finish()).toMatchObject({
      finish: 'tool-calls',
      toolCalls: [
        { id: 'a', name: 'fs.list', input: { path: 'x' } },
        { id: 'b', name: 'fs.read', input: { path: 'y' } },
      ],
    });
  });

  test('calls without an id, or with the same id twice, get one of their own', () => {
    const reply = builder(3);
    reply.add(
      delta({
        tool_calls: [
          { index: 0, function: { name: 'fs_list' } },
          { index: 1, id: 'same', function: { name: 'fs_list' } },
          { index: 2, id: 'same', function: { name: 'rm_all' } },
        ],
      }),
    );
    reply.add(delta({}, 'tool_calls'));
    const { toolCalls } = reply.finish();
    expect(toolCalls.map((call) => call.id)).toEqual(['call-3-0', 'same', 'call-3-2']);
    expect(toolCalls[2]?.name).toBe('rm_all');
  });

  test('nulls everywhere, a usage chunk without choices, a refusal', () => {
    const reply = builder();
    reply.add({ choices: [{ delta: { content: null, tool_calls: null, refusal: 'No.' }, finish_reason: null }], usage: null });
    reply.add(delta({}, 'eos'));
    reply.add({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 1, prompt_tokens_details: null } });
    expect(reply.finish()).toMatchObject({ text: 'No.', finish: 'other', usage: { input: 3, cacheRead: 0, output: 1 } });
  });
});

test('tool names: unfit characters, length and collisions, and the same every time', () => {
  const list = ['a.b_c', 'a_b.c', 'ünfit name', 'x'.repeat(80)];
  const names = new ToolNames(list);
  expect(list.map((name) => names.toWire(name))).toEqual(['a_b_c', 'a_b_c_2', '_nfit_name', 'x'.repeat(64)]);
  expect(list.map((name) => names.fromWire(names.toWire(name)))).toEqual(list);
});
