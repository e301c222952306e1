import { z } from 'zod';
import type { TokenUsage } from '../../../protocols/goals/goal.ts';

/** What is read of a chunk. Compatible servers leave out or null what they have no use for; everything else is ignored. */
const count = z.number().min(0).nullish();

const usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
});

const toolCallDelta = z.object({
  index: z.int().min(0).nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish() }).nullish(),
});
export type ToolCallDelta = z.infer<typeof toolCallDelta>;

export const wireChunk = z.object({
  model: z.string().nullish(),
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish(), refusal: z.string().nullish(), tool_calls: z.array(toolCallDelta).nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: usage.nullish(),
});

const whole = (value: number | null | undefined): number => Math.trunc(value ?? 0);

/** The wire counts cached tokens as a part of the prompt; here the classes do not overlap. */
export function tokenUsageOf(wire: z.infer<typeof usage>): TokenUsage {
  const cacheRead = whole(wire.prompt_tokens_details?.cached_tokens);
  const cacheWrite = whole(wire.prompt_tokens_details?.cache_write_tokens);
  return {
    input: Math.max(0, whole(wire.prompt_tokens) - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    output: whole(wire.completion_tokens),
    reasoning: whole(wire.completion_tokens_details?.reasoning_tokens),
  };
}
