import { z } from 'zod';
import { type MockRequest, roleOf } from './request.ts';

const content = z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]).nullish();

/** What the mock model reads of a Chat Completions body. */
export const chatBody = z.object({
  model: z.string(),
  messages: z.array(
    z.object({
      role: z.string(),
      content,
      tool_calls: z.array(z.object({ function: z.object({ name: z.string(), arguments: z.string() }) })).nullish(),
    }),
  ),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  reasoning_effort: z.string().nullish(),
});
export type ChatBody = z.infer<typeof chatBody>;

function textOf(value: z.infer<typeof content>): string {
  if (typeof value === 'string') return value;
  return (value ?? []).map((part) => part.text ?? '').join('');
}

export function chatRequest(body: ChatBody, key: string, before: number): MockRequest {
  const texts = (role: string): string[] => body.messages.filter((message) => message.role === role).map((message) => textOf(message.content));
  const system = texts('system').join('\n');
  return {
    model: body.model,
    key,
    role: roleOf(system),
    system,
    user: texts('user').at(-1) ?? '',
    toolResults: texts('tool'),
    toolFailures: 0,
    toolRounds: body.messages.filter((message) => message.role === 'assistant' && (message.tool_calls ?? []).length > 0).length,
    tools: (body.tools ?? []).map((tool) => tool.function.name),
    reasoningEffort: body.reasoning_effort ?? '',
    before,
  };
}
