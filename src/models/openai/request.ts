import type { ChatCompletionCreateParamsStreaming, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { ModelMessage, ModelRequest, ModelToolCall } from '../../../actors/ports/models.ts';
import type { ToolNames } from '../tool-names.ts';

export interface WireRequestOptions {
  readonly outputCapField: 'max_completion_tokens' | 'max_tokens';
  /** Absent = the model's default. */
  readonly reasoningEffort?: 'none';
}

/** The arguments as JSON text. What never was JSON is wrapped, because some servers parse the history. */
function argumentsText(call: ModelToolCall): string {
  return JSON.stringify(call.malformed === undefined ? (call.input ?? {}) : { malformed: call.malformed });
}

function wireMessage(message: ModelMessage, names: ToolNames): ChatCompletionMessageParam {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.text };
    case 'user':
      return { role: 'user', content: message.text };
    case 'tool':
      // The wire has no field for failure: the model has to read it.
      return { role: 'tool', tool_call_id: message.id, content: message.ok ? message.text : `Error: ${message.text}` };
    case 'assistant':
      if (message.toolCalls.length === 0) return { role: 'assistant', content: message.text };
      return {
        role: 'assistant',
        content: message.text === '' ? null : message.text,
        tool_calls: message.toolCalls.map((call) => ({
          id: call.id,
          type: 'function' as const,
          function: { name: names.toWire(call.name), arguments: argumentsText(call) },
        })),
      };
  }
}

/** The body of a streaming Chat Completions call. */
export function wireRequest(name: string, request: ModelRequest, names: ToolNames, options: WireRequestOptions): ChatCompletionCreateParamsStreaming {
  return {
    model: name,
    messages: request.messages.map((message) => wireMessage(message, names)),
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map((tool) => ({
            type: 'function' as const,
            function: { name: names.toWire(tool.name), description: tool.description, parameters: tool.parameters },
          })),
        }),
    [options.outputCapField]: request.outputTokensMax,
    ...(options.reasoningEffort === undefined ? {} : { reasoning_effort: options.reasoningEffort }),
    stream: true,
    stream_options: { include_usage: true },
  };
}
