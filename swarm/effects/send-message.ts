import type { EffectContext } from '../../actors/cell/cell-options.ts';
import type { Request } from '../../actors/cell/kind.ts';
import { inboxSubject } from '../../protocols/subjects.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { patiently } from './patience.ts';

/** Stores a message in the inbox of another actor of the same root. Its id is the key of the request, so that a repeat is dropped. */
export async function sendMessage(host: SwarmHost, request: Request, { address, key, signal }: EffectContext): Promise<{ type: string }> {
  const subject = inboxSubject({ ...address, actor: String(request['to']) }, host.node);
  const message = { ...(request['message'] as Record<string, unknown>), id: key };
  // A store that is away for a while must not lose it: nobody asks for it a second time.
  await patiently(host.clock, signal, () => host.bus.inbox.push({ subject, id: key, body: JSON.stringify(message) }));
  return { type: 'message.stored' };
}
