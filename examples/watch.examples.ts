import type { GoalEvent } from '../protocols/index.ts';
import { connect } from '../src/client/index.ts';

export interface FollowOptions {
  /** `ws://host:port/v1/ws` or `http://host:port`. */
  readonly address: string;
  readonly token?: string | undefined;
  readonly goalId: string;
  /** The cursor of the last event that was dealt with; absent = from the beginning. */
  readonly after?: string;
  /** Ends the watch early. */
  readonly signal?: AbortSignal;
  readonly onEvent: (event: GoalEvent) => void;
}

/** Follows a goal and answers the cursor to come back with; a process that comes back with it misses nothing and sees nothing twice. */
export async function follow({ address, token, goalId, after, signal, onEvent }: FollowOptions): Promise<string | undefined> {
  let cursor = after;
  //#region follow
  const client = await connect(address, { token });
  try {
    const options = { ...(cursor === undefined ? {} : { after: cursor }), ...(signal === undefined ? {} : { signal }) };
    for await (const item of client.watch(goalId, options)) {
      if (item.kind !== 'event') continue;
      onEvent(item.event);
      cursor = item.event.cursor;
    }
  } finally {
    await client.close();
  }
  //#endregion
  return cursor;
}
