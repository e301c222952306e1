import type { FlockworkError } from '../../protocols/errors/error.ts';

/** Close codes of RFC 6455, section 7.4.1, that we send. */
const closeCodes: Readonly<Record<string, number>> = { draining: 1001, frame_too_large: 1009, internal: 1011, too_many_requests: 1013 };
const policyViolation = 1008;
/** The reason of a close frame has at most this many bytes. */
const closeReasonBytesMax = 123;

export function closeCodeOf(reason: FlockworkError): number {
  return closeCodes[reason.code] ?? policyViolation;
}

/** The code and as much of the sentence as a close frame holds, cut between characters. */
export function closeReason(reason: FlockworkError): string {
  return Buffer.from(`${reason.code}: ${reason.message}`)
    .subarray(0, closeReasonBytesMax)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
