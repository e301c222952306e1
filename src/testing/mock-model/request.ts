import { z } from 'zod';

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

/** One call as a script sees it. */
export interface MockRequest {
  readonly model: string;
  /** The idempotency key of the caller, from the header `x-flockwork-key`; empty when it sent none. */
  readonly key: string;
  /** The role of the task, from the line `Role: …` of the system prompt; empty when there is none. */
  readonly role: string;
  readonly system: string;
  /** The last message of role `user`. */
  readonly user: string;
  /** The texts of the tool messages in their order. */
  readonly toolResults: readonly string[];
  /** Assistant messages so far that called tools. */
  readonly toolRounds: number;
  /** Names of the tools as the wire carries them. */
  readonly tools: readonly string[];
  /** Empty when the call leaves it to the model. */
  readonly reasoningEffort: string;
  /** How many calls came before this one. */
  readonly before: number;
}

function textOf(value: z.infer<typeof content>): string {
  if (typeof value === 'string') return value;
  return (value ?? []).map((part) => part.text ?? '').join('');
}

export function mockRequest(body: ChatBody, key: string, before: number): MockRequest {
  const texts = (role: string): string[] => body.messages.filter((message) => message.role === role).map((message) => textOf(message.content));
  const system = texts('system').join('\n');
  return {
    model: body.model,
    key,
    role: /^Role:[ \t]*(\S+)/m.exec(system)?.[1] ?? '',
    system,
    user: texts('user').at(-1) ?? '',
    toolResults: texts('tool'),
    toolRounds: body.messages.filter((message) => message.role === 'assistant' && (message.tool_calls ?? []).length > 0).length,
    tools: (body.tools ?? []).map((tool) => tool.function.name),
    reasoningEffort: body.reasoning_effort ?? '',
    before,
  };
}
