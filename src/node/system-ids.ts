import { randomBytes, randomUUID } from 'node:crypto';
import type { Ids } from '../../actors/ports/ids.ts';

/** Crockford's base 32 in lower case: sorts as it counts. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ids as ULIDs (https://github.com/ulid/spec) in lower case: 48 bits of time, 80 of randomness, 26 characters. */
export const systemIds: Ids = {
  id: () => `${timePart(Date.now())}${randomPart()}`,
  // 122 random bits that the platform has in store; drawing 16 bytes for each record is ten times as dear.
  salt: () => randomUUID().replaceAll('-', ''),
};

function timePart(ms: number): string {
  let text = '';
  for (let rest = ms, digit = 0; digit < 10; digit++, rest = Math.floor(rest / 32)) text = (alphabet[rest % 32] ?? '0') + text;
  return text;
}

function randomPart(): string {
  let text = '';
  for (const byte of randomBytes(16)) text += alphabet[byte % 32] ?? '0';
  return text;
}
