import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { FlockworkError } from '../../../protocols/errors/error.ts';

/** Codes of the JetStream API that decide something here (nats-server, server/errors.json). */
export const apiCodes = {
  consumerUnknown: 10_014,
  messageUnknown: 10_037,
  messageNotDeleted: 10_057,
  streamUnknown: 10_059,
  subjectsOverlap: 10_065,
  insufficientResources: 10_023,
  memoryExceeded: 10_028,
  jetStreamNotEnabledForAccount: 10_039,
  storageExceeded: 10_047,
  messageTooLarge: 10_054,
  streamExistsOtherwise: 10_058,
  wrongLastSequence: 10_071,
  clusterNotAvailable: 10_008,
  noLeader: 10_009,
  replicasWithoutCluster: 10_074,
  jetStreamNotEnabled: 10_076,
  storeFailed: 10_077,
  duplicateInProcess: 10_158,
  wrongLastSequenceUnknown: 10_164,
} as const;

const full: ReadonlySet<number> = new Set([apiCodes.insufficientResources, apiCodes.memoryExceeded, apiCodes.storageExceeded, apiCodes.storeFailed]);
/** An election is under way: the same request may succeed a little later. */
const electing: ReadonlySet<number> = new Set([apiCodes.clusterNotAvailable, apiCodes.noLeader]);

export function apiCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

export function isNoResponder(error: unknown): boolean {
  if (error instanceof errors.NoRespondersError) return true;
  if (error instanceof errors.RequestError) return error.isNoResponders();
  return error instanceof Error && error.cause !== undefined && isNoResponder(error.cause);
}

/** True when the server refused the subject to the credentials of this process. */
export function isRefused(error: unknown): boolean {
  if (error instanceof errors.PermissionViolationError) return true;
  return error instanceof Error && error.cause !== undefined && isRefused(error.cause);
}

export function isTimeout(error: unknown): boolean {
  return error instanceof errors.TimeoutError || (error instanceof errors.RequestError && error.cause instanceof errors.TimeoutError);
}

/** True when the answer was lost or nobody was there to give one: whether a write landed is not known. */
export function isTransient(error: unknown): boolean {
  return isTimeout(error) || isNoResponder(error) || electing.has(apiCode(error) ?? 0);
}

/** What a failure of client or server means in our catalogue; `what` completes "could not …". */
export function busError(error: unknown, what: string): FlockworkError {
  if (error instanceof FlockworkError) return error;
  const code = apiCode(error);
  const options = { cause: error, ...(code === undefined ? {} : { details: { apiCode: code } }) };
  if (isRefused(error)) {
    return new FlockworkError(
      'bus_refused',
      `could not ${what}: the NATS server refuses it to the credentials of this process; give it the permissions of its roles, which flockwork nats permissions prints`,
      options,
    );
  }
  if (error instanceof errors.ClosedConnectionError || error instanceof errors.DrainingConnectionError) {
    return new FlockworkError('closed', `could not ${what}: the bus was closed`, options);
  }
  if (code !== undefined && full.has(code))
    return new FlockworkError('store_full', `could not ${what}: the server has no room; free space or raise its limits`, options);
  if (code === apiCodes.messageTooLarge)
    return new FlockworkError('record_too_large', `could not ${what}: the message is above the bound of its stream`, options);
  if (code === apiCodes.jetStreamNotEnabled || code === apiCodes.jetStreamNotEnabledForAccount) {
    return new FlockworkError('bus_misconfigured', `could not ${what}: JetStream is not enabled on the server; start it with JetStream`, options);
  }
  if (code === apiCodes.replicasWithoutCluster) {
    return new FlockworkError(
      'bus_misconfigured',
      `could not ${what}: three replicas need a cluster of servers; ask for one, or give the addresses of a cluster`,
      {
        cause: error,
        details: { field: 'num_replicas', apiCode: code },
      },
    );
  }
  if (code === apiCodes.subjectsOverlap) {
    return new FlockworkError(
      'bus_misconfigured',
      `could not ${what}: other streams of this account have its subjects; nodes for all tenants and nodes for one (bus.tenant) need accounts of their own`,
      { cause: error, details: { field: 'subjects', apiCode: code } },
    );
  }
  if (isTransient(error) || error instanceof errors.ConnectionError || error instanceof errors.RequestError) {
    return new FlockworkError('bus_unreachable', `could not ${what}: the bus gave no answer in time; whether it took effect is not known`, options);
  }
  return new FlockworkError('store_failed', `could not ${what}: ${error instanceof Error ? error.message : String(error)}`, options);
}
