import { type ErrorCode, isErrorCode } from '../../protocols/errors/catalogue.ts';
import { failureOf } from '../../protocols/errors/error.ts';

/** 0 completed · 1 failed or cancelled · 2 usage or configuration · 130 interrupted. */
export const exitCodes = { completed: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Failures that the one who wrote the command line or the configuration can mend; everything else is 1. */
const usageCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'usage',
  'config_invalid',
  'config_conflict',
  'config_unwritable',
  'invalid_request',
  'invalid_json',
  'strategy_unknown',
  'profile_unknown',
  'model_unknown',
  'cursor_unknown',
  'input_missing',
  'input_too_large',
  'path_not_allowed',
  'file_binary',
  'unauthorized',
  'forbidden',
  'version_unsupported',
  'data_dir_unusable',
  'data_dir_locked',
  'port_in_use',
  'bind_refused',
  'websocket_engine_unavailable',
  'bus_misconfigured',
]);

export function exitCodeOf(error: unknown): number {
  const { code } = failureOf(error);
  return isErrorCode(code) && usageCodes.has(code) ? exitCodes.usage : exitCodes.failed;
}

/** A failure as the command line tells it: `flockwork: <message> (<code>)`; what follows the first line stays below it. */
export function failureText(error: unknown): string {
  const { code, message } = failureOf(error);
  const [first, ...rest] = message.split('\n');
  return [`flockwork: ${first ?? ''} (${code})`, ...rest].join('\n');
}
