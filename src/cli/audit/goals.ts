import { listLimitMax } from '../../../protocols/wire/methods.ts';
import type { FlockworkClient } from '../../client/index.ts';

/** The ids of all goals, newest first. */
export async function* everyGoal(client: FlockworkClient): AsyncGenerator<string> {
  let after: string | undefined;
  do {
    const { items, next } = await client.list({ limit: listLimitMax, ...(after === undefined ? {} : { after }) });
    for (const { id } of items) yield id;
    after = next ?? undefined;
  } while (after !== undefined);
}
