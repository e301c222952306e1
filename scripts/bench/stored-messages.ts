import { z } from 'zod';

const page = z.object({
  account_details: z
    .array(z.object({ stream_detail: z.array(z.object({ name: z.string(), state: z.object({ last_seq: z.number() }) })).default([]) }))
    .default([]),
});

/** How many messages each stream of a nats-server was ever given, by the server's own count (its monitoring port). */
export async function storedMessages(monitoring: string): Promise<ReadonlyMap<string, number>> {
  const found = page.parse(await (await fetch(new URL('/jsz?streams=true&accounts=true', monitoring))).json());
  return new Map(found.account_details.flatMap(({ stream_detail }) => stream_detail.map(({ name, state }) => [name, state.last_seq] as const)));
}
