import { z } from 'zod';
import type { TokenUsage } from '../../../protocols/goals/goal.ts';

/** What is read of an event. Compatible servers leave out or null what they have no use for; everything else is ignored. */
const count = z.number().min(0).nullish();

const usage = z.object({
  input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  output_tokens: count,
  output_tokens_details: z.object({ thinking_tokens: count }).nullish(),
});
export type WireUsage = z.infer<typeof usage>;

const index = z.int().min(0);

const contentBlock = z.object({
  type: z.string(),
  text: z.string().nullish(),
  id: z.string().nullish(),
  name: z.string().nullish(),
  input: z.unknown().optional(),
  thinking: z.string().nullish(),
  signature: z.string().nullish(),
  data: z.string().nullish(),
});
export type ContentBlock = z.infer<typeof contentBlock>;

const known = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_start'), message: z.object({ model: z.string().nullish(), usage: usage.nullish() }) }),
  z.object({ type: z.literal('content_block_start'), index, content_block: contentBlock }),
  z.object({
    type: z.literal('content_block_delta'),
    index,
    delta: z.object({
      type: z.string(),
      text: z.string().nullish(),
      partial_json: z.string().nullish(),
      thinking: z.string().nullish(),
      signature: z.string().nullish(),
    }),
  }),
  z.object({ type: z.literal('message_delta'), delta: z.object({ stop_reason: z.string().nullish() }), usage: usage.nullish() }),
  z.object({ type: z.literal('message_stop') }),
]);
export type KnownEvent = z.infer<typeof known>;

const anyEvent = z.object({ type: z.string() });

/**
 * The event, or undefined for one of a kind that is not needed: `ping`, `content_block_stop`, and those the wire may add at any time.
 * The other answer is the path at which it does not fit.
 */
export function readEvent(event: unknown): { readonly event: KnownEvent | undefined } | { readonly misfit: string } {
  const any = anyEvent.safeParse(event);
  if (!any.success) return { misfit: 'type' };
  const { type } = any.data;
  if (!known.options.some((option) => option.shape.type.value === type)) return { event: undefined };
  const read = known.safeParse(event);
  return read.success ? { event: read.data } : { misfit: [type, ...(read.error.issues[0]?.path ?? [])].map(String).join('.') };
}

/** The counts of a later event replace those of an earlier one; what it leaves out stays. */
export function laterUsage(before: WireUsage | undefined, now: WireUsage): WireUsage {
  const given = Object.entries(now).filter(([, value]) => value !== null && value !== undefined);
  return { ...before, ...Object.fromEntries(given) };
}

const whole = (value: number | null | undefined): number => Math.trunc(value ?? 0);

/** On this wire the input counts neither what was read from the cache nor what was written to it. */
export function tokenUsageOf(wire: WireUsage): TokenUsage {
  return {
    input: whole(wire.input_tokens),
    cacheRead: whole(wire.cache_read_input_tokens),
    cacheWrite: whole(wire.cache_creation_input_tokens),
    output: whole(wire.output_tokens),
    reasoning: whole(wire.output_tokens_details?.thinking_tokens),
  };
}
