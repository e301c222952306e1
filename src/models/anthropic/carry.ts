import type { RedactedThinkingBlockParam, TextBlockParam, ThinkingBlockParam, ToolUseBlockParam } from '@anthropic-ai/sdk/resources/messages';
import { z } from 'zod';
import type { ModelCarry } from '../../../actors/ports/models.ts';

/**
 * A reply as it stood on the wire: its thinking whole, for the model wants it back unchanged before the results of the tools that it called;
 * of text and calls only where they stood, as the transcript holds them.
 */
const carried = z.object({
  blocks: z.array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
      z.object({ type: z.literal('redacted_thinking'), data: z.string() }),
      z.object({ type: z.literal('text'), chars: z.int().min(0) }),
      z.object({ type: z.literal('tool_use'), call: z.int().min(0) }),
    ]),
  ),
});
export type CarriedBlock = z.infer<typeof carried>['blocks'][number];

type AssistantBlock = TextBlockParam | ToolUseBlockParam | ThinkingBlockParam | RedactedThinkingBlockParam;

/** What is to be carried of a reply; nothing of one without thinking. */
export function carryOf(model: string, blocks: readonly CarriedBlock[]): ModelCarry | undefined {
  return blocks.some(({ type }) => type === 'thinking' || type === 'redacted_thinking') ? { model, data: { blocks } } : undefined;
}

/** The blocks of a reply as they stood, made of its text, its calls and what was carried; undefined for what another model carried. */
export function carriedBlocks(
  model: string,
  carry: ModelCarry | undefined,
  text: string,
  calls: readonly ToolUseBlockParam[],
): readonly AssistantBlock[] | undefined {
  if (carry?.model !== model) return undefined;
  const read = carried.safeParse(carry.data);
  if (!read.success) return undefined;
  let told = 0;
  const used = new Set<ToolUseBlockParam>();
  const blocks = read.data.blocks.flatMap((block): readonly AssistantBlock[] => {
    if (block.type === 'thinking' || block.type === 'redacted_thinking') return [block];
    if (block.type === 'tool_use') {
      const call = calls[block.call];
      if (call === undefined) return [];
      used.add(call);
      return [call];
    }
    const piece = text.slice(told, told + block.chars);
    told += block.chars;
    return textBlocks(piece);
  });
  return [...blocks, ...textBlocks(text.slice(told)), ...calls.filter((call) => !used.has(call))];
}

/** The wire refuses a text without a word in it. */
function textBlocks(text: string): readonly TextBlockParam[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }];
}
