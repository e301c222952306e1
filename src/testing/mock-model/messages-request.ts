import { z } from 'zod';
import { type MockRequest, roleOf } from './request.ts';
import { signatureOf, wasThought } from './thinking.ts';

const inner = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]);

const toolUseId = z.string().regex(/^[a-zA-Z0-9_-]+$/);

const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.strictObject({ type: z.literal('tool_use'), id: toolUseId, name: z.string(), input: z.record(z.string(), z.unknown()) }),
  z.strictObject({ type: z.literal('tool_result'), tool_use_id: toolUseId, content: inner.optional(), is_error: z.boolean().optional() }),
]);
type Block = z.infer<typeof block>;

/** What the mock model takes of a Messages body. As the provider does, it refuses fields that it does not know. */
export const messagesBody = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  system: inner.optional(),
  messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), content: z.union([z.string(), z.array(block)]) })).min(1),
  tools: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
        description: z.string().optional(),
        input_schema: z.looseObject({ type: z.literal('object') }),
      }),
    )
    .optional(),
  stream: z.boolean().optional(),
});
export type MessagesBody = z.infer<typeof messagesBody>;

type Turn = { readonly role: 'user' | 'assistant'; readonly blocks: readonly Block[] };

function turnsOf(body: MessagesBody): readonly Turn[] {
  return body.messages.map(({ role, content }) => ({ role, blocks: typeof content === 'string' ? [{ type: 'text', text: content }] : content }));
}

function blocksOf<Type extends Block['type']>(turn: Turn | undefined, type: Type): Extract<Block, { type: Type }>[] {
  return (turn?.blocks ?? []).filter((part): part is Extract<Block, { type: Type }> => part.type === type);
}

function textOf(content: z.infer<typeof inner> | undefined): string {
  return typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');
}

/** The rules of the wire that no schema can say, each as the sentence that a refused client gets. */
export function messagesFault(body: MessagesBody): string | undefined {
  const turns = turnsOf(body);
  if (turns[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  const faults = turns.map((turn, at) => turnFault(turn, turns[at - 1], turns[at + 1], at));
  return faults.find((fault) => fault !== undefined);
}

function turnFault(turn: Turn, before: Turn | undefined, after: Turn | undefined, at: number): string | undefined {
  if (turn.blocks.length === 0) return `messages.${at}: must have non-empty content`;
  if (turn.role === before?.role) return `messages.${at}: roles must alternate`;
  if (blocksOf(turn, 'text').some((part) => part.text.trim() === '')) return `messages.${at}: text content blocks must contain non-whitespace text`;
  const thoughts = blocksOf(turn, 'thinking');
  if (thoughts.some(({ thinking, signature }) => signature !== signatureOf(thinking))) return `messages.${at}: invalid signature in thinking block`;
  if (blocksOf(turn, 'tool_use').some(({ id }) => wasThought(id)) && turn.blocks[0]?.type !== 'thinking')
    return `messages.${at}.content.0.type: expected thinking, but found ${turn.blocks[0]?.type}; a turn that began with thinking must come back with it`;
  const results = blocksOf(turn, 'tool_result');
  if (turn.blocks.findLastIndex((part) => part.type === 'tool_result') >= results.length) return `messages.${at}: tool_result blocks must come first`;
  if (results.some((part) => part.is_error === true && textOf(part.content) === '')) return `messages.${at}: content cannot be empty if is_error is true`;
  const called = blocksOf(before, 'tool_use').map((part) => part.id);
  if (results.some((part) => !called.includes(part.tool_use_id))) return `messages.${at}: tool_result without a tool_use in the message before`;
  const answered = blocksOf(after, 'tool_result').map((part) => part.tool_use_id);
  if (blocksOf(turn, 'tool_use').some((part) => !answered.includes(part.id))) return `messages.${at}: tool_use without a tool_result right after it`;
  return undefined;
}

export function messagesRequest(body: MessagesBody, key: string, before: number): MockRequest {
  const turns = turnsOf(body);
  const system = textOf(body.system);
  const results = turns.flatMap((turn) => blocksOf(turn, 'tool_result'));
  const said = turns.filter((turn) => turn.role === 'user' && blocksOf(turn, 'text').length > 0).at(-1);
  return {
    model: body.model,
    key,
    role: roleOf(system),
    system,
    user: blocksOf(said, 'text')
      .map((part) => part.text)
      .join('\n'),
    toolResults: results.map((part) => textOf(part.content)),
    toolFailures: results.filter((part) => part.is_error === true).length,
    toolRounds: turns.filter((turn) => blocksOf(turn, 'tool_use').length > 0).length,
    tools: (body.tools ?? []).map((tool) => tool.name),
    reasoningEffort: '',
    before,
  };
}
