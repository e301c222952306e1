import { createHash } from 'node:crypto';

/** The end of the ids of tool calls that were made after thinking: so that the mock model knows, without keeping anything, what has to come back. */
const thoughtMark = '_thought';

/** Whatever a provider makes of it, a signature fits one text only. */
export function signatureOf(thinking: string): string {
  return createHash('sha256').update(`mock-model ${thinking}`).digest('base64url');
}

export function toolUseId(callId: number, index: number, thinking: string | undefined): string {
  return `toolu_${callId}_${index}${thinking === undefined ? '' : thoughtMark}`;
}

/** True for a call that was made after thinking. */
export function wasThought(id: string): boolean {
  return id.endsWith(thoughtMark);
}
