import type { MessageCreateParamsStreaming, MessageParam, TextBlockParam, Tool, ToolUseBlockParam } from '@anthropic-ai/sdk/resources/messages';
import type { ModelMessage, ModelRequest, ModelToolCall } from '../../../actors/ports/models.ts';
import type { ToolNames } from '../tool-names.ts';
import { carriedBlocks } from './carry.ts';

type Block = Exclude<MessageParam['content'], string>[number];

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly blocks: Block[];
}

/** The wire refuses a text without a word in it, and a conversation that does not begin with the user. */
const emptyText = '(empty)';

/** Another provider's ids may hold what this wire does not take. */
function wireId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

/** The wire takes objects only. What was none is wrapped, so that the model sees what it wrote. */
function wireInput({ input, malformed }: ModelToolCall): object {
  if (malformed !== undefined) return { malformed };
  if (input === undefined || input === null) return {};
  return typeof input === 'object' && !Array.isArray(input) ? input : { malformed: JSON.stringify(input) };
}

function text(words: string): TextBlockParam {
  return { type: 'text', text: words.trim() === '' ? emptyText : words };
}

function turnOf(message: Exclude<ModelMessage, { role: 'system' }>, model: string, names: ToolNames): Turn {
  switch (message.role) {
    case 'user':
      return { role: 'user', blocks: [text(message.text)] };
    case 'tool': {
      // A failure must say something; a success may be silent.
      const content = message.ok || message.text !== '' ? message.text : emptyText;
      return { role: 'user', blocks: [{ type: 'tool_result', tool_use_id: wireId(message.id), content, ...(message.ok ? {} : { is_error: true }) }] };
    }
    case 'assistant': {
      const calls = message.toolCalls.map(
        (call): ToolUseBlockParam => ({ type: 'tool_use', id: wireId(call.id), name: names.toWire(call.name), input: wireInput(call) }),
      );
      const carried = carriedBlocks(model, message.carry, message.text, calls);
      if (carried !== undefined) return { role: 'assistant', blocks: [...carried] };
      return { role: 'assistant', blocks: message.text.trim() === '' && calls.length > 0 ? calls : [text(message.text), ...calls] };
    }
  }
}

/** Neighbours of one role become one turn, with the tool results at its beginning, where the wire wants them. */
function turnsOf({ model, messages }: ModelRequest, names: ToolNames): MessageParam[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    const turn = turnOf(message, model, names);
    const last = turns.at(-1);
    if (last?.role === turn.role) last.blocks.push(...turn.blocks);
    else turns.push(turn);
  }
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', blocks: [text('')] });
  const isResult = (block: Block): boolean => block.type === 'tool_result';
  return turns.map(({ role, blocks }) => ({ role, content: [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))] }));
}

/** The body of a streaming Messages call. Thinking is left to the model's default: what can be switched off differs from model to model. */
export function wireRequest(name: string, request: ModelRequest, names: ToolNames): MessageCreateParamsStreaming {
  const system = request.messages.flatMap((message) => (message.role === 'system' && message.text.trim() !== '' ? [message.text] : [])).join('\n\n');
  return {
    model: name,
    max_tokens: request.outputTokensMax,
    ...(system === '' ? {} : { system }),
    messages: turnsOf(request, names),
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map(
            (tool): Tool => ({ name: names.toWire(tool.name), description: tool.description, input_schema: { ...tool.parameters, type: 'object' } }),
          ),
        }),
    stream: true,
  };
}
