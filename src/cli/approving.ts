import { FlockworkError } from '../../protocols/errors/error.ts';
import { approvalId } from '../../protocols/goals/approval.ts';
import type { GoalEvent } from '../../protocols/wire/methods.ts';
import type { FlockworkClient } from '../client/index.ts';
import type { CommandIo } from './io.ts';
import { oneLine } from './output/table.ts';

export interface Approver {
  /** Sees every event; acts on those that ask. */
  event(event: GoalEvent): void;
}

/**
 * What a command that follows a goal does when a tool call asks: at a node of another process it says how to decide. In a node of this process
 * it asks the person at the terminal, unless another terminal is quicker, and denies where there is none.
 */
export function createApprover(
  io: CommandIo,
  client: FlockworkClient,
  options: { readonly embedded: boolean; readonly say: (line: string) => void },
): Approver {
  const { embedded, say } = options;
  const input = embedded && io.stdin.isTTY === true && io.stderr.isTTY === true ? io.stdin[Symbol.asyncIterator]() : undefined;
  let asking: Promise<void> = Promise.resolve();
  const decided = new Set<string>();
  /** A line that was asked for and has not come; the next question takes it. */
  let reading: Promise<IteratorResult<Uint8Array>> | undefined;
  let whenDecided = (): void => undefined;

  const ask = async (id: string, what: string): Promise<void> => {
    if (decided.has(id)) return;
    if (input === undefined) {
      say(`${what} needs an approval and there is no terminal to ask at: denied. Run the goal at a node (flockwork start) to approve calls.`);
      await decide(client, id, false, 'there was nobody to ask', say);
      return;
    }
    say(`${what} — let it run? [y/N]`);
    const elsewhere = new Promise<'decided'>((resolve) => {
      whenDecided = () => {
        if (decided.has(id)) resolve('decided');
      };
    });
    reading ??= input.next();
    const line = await Promise.race([reading, elsewhere]);
    if (line === 'decided') {
      say(`${what} was decided elsewhere`);
      return;
    }
    reading = undefined;
    const allow = line.done !== true && /^\s*y(es)?\s*$/i.test(new TextDecoder().decode(line.value));
    await decide(client, id, allow, 'answered at the terminal', say);
  };

  return {
    event({ type, actor, goalId, data }) {
      const id = approvalId(goalId, actor, String(data['call']));
      if (type === 'tool.approved' || type === 'tool.denied') {
        decided.add(id);
        whenDecided();
      }
      if (type !== 'tool.requested' || data['asks'] !== true) return;
      const what = `${actor}: ${String(data['name'])} ${oneLine(JSON.stringify(data['input']), 120)}`;
      if (!embedded) say(`${what} waits: flockwork approve ${id}  (or deny)`);
      else asking = asking.then(() => ask(id, what));
    },
  };
}

async function decide(client: FlockworkClient, id: string, allow: boolean, reason: string, say: (line: string) => void): Promise<void> {
  try {
    await client.decide(id, allow ? 'approve' : 'deny', reason);
  } catch (error) {
    // Decided or over meanwhile.
    if (!(error instanceof FlockworkError && error.code === 'approval_unknown'))
      say(`the decision could not be stored: ${error instanceof Error ? error.message : String(error)}`);
  }
}
