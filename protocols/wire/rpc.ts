import { z } from 'zod';
import { type Failure, failureOf } from '../errors/error.ts';

/** JSON-RPC 2.0 (https://www.jsonrpc.org/specification), without batches. */
export const rpcRequest = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string().max(256), z.number()]).optional(),
  method: z.string().min(1).max(128),
  params: z.record(z.string(), z.unknown()).optional(),
});
export type RpcRequest = z.infer<typeof rpcRequest>;

export type RpcId = string | number | null;

export interface RpcSuccess {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly result: unknown;
}

export interface RpcFailure {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly error: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string; readonly retryable: boolean; readonly details?: unknown };
  };
}

export interface RpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params: unknown;
}

export type RpcMessage = RpcSuccess | RpcFailure | RpcNotification;

/** The JSON-RPC numbers that have a meaning of their own; every other failure is -32000. */
const rpcNumbers: Readonly<Record<string, number>> = {
  invalid_json: -32_700,
  invalid_request: -32_602,
  method_unknown: -32_601,
  internal: -32_603,
};
const applicationNumber = -32_000;

export function rpcSuccess(id: RpcId, result: unknown): RpcSuccess {
  return { jsonrpc: '2.0', id, result };
}

export function rpcFailure(id: RpcId, error: unknown): RpcFailure {
  const failure: Failure = failureOf(error);
  const { code, message, retryable, details } = failure;
  return {
    jsonrpc: '2.0',
    id,
    error: { code: rpcNumbers[code] ?? applicationNumber, message, data: details === undefined ? { code, retryable } : { code, retryable, details } },
  };
}

export function rpcNotification(method: string, params: unknown): RpcNotification {
  return { jsonrpc: '2.0', method, params };
}
