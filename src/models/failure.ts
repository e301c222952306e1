import type { ErrorCode } from '../../protocols/errors/catalogue.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { providerTextMax } from './bounds.ts';

/** What an error of an SDK, of fetch or of the socket shows; read by shape, because several classes share one meaning. */
interface Shape {
  readonly name?: unknown;
  readonly status?: unknown;
  readonly code?: unknown;
  readonly type?: unknown;
  /** Anthropic's finer code beside the type. */
  readonly errorCode?: unknown;
  readonly param?: unknown;
  readonly headers?: unknown;
  readonly message?: unknown;
  /** What the provider said, where the SDK's own message wraps it in JSON. */
  readonly apiMessage?: unknown;
  readonly cause?: unknown;
}

export interface FailureContext {
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly retryAfterMaxMs: number;
  /** Milliseconds since 1970; for a retry-after that is a date. */
  readonly now: number;
}

/** Codes and types, by what they mean. They win over the status: a 429 can mean "no money". */
const billingCodes = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'insufficient_user_quota',
  'billing_error',
  'contract_spend_limit_reached',
  'enforced_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
]);
const overflowCodes = new Set([
  'context_length_exceeded',
  'exceed_context_size_error',
  'context_window_exceeded',
  'string_above_max_length',
  'request_too_large',
  'request_body_too_large_after_decoding',
]);
const overloadedCodes = new Set(['overloaded', 'overloaded_error', 'server_overloaded', 'engine_overloaded']);
const rateCodes = new Set(['rate_limit_exceeded', 'rate_limit_error', 'rate_limited', 'ramp_limit_exceeded']);
/** Only where there is no status: an error event in the middle of a stream. */
const authTypes = new Set(['authentication_error', 'permission_error']);
const requestTypes = new Set(['invalid_request_error', 'not_found_error']);
/** The SDKs' own timeout, which hides the socket's code. */
const timeoutNames = new Set<unknown>(['APIConnectionTimeoutError']);
const socketTimeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
const causeDepthMax = 8;

function shapeOf(error: unknown): Shape {
  return typeof error === 'object' && error !== null ? error : {};
}

/** The first error code of the socket in the chain of causes, such as ECONNREFUSED. */
function socketCode(error: unknown): string | undefined {
  let cause = shapeOf(error).cause;
  for (let depth = 0; depth < causeDepthMax && cause !== undefined && cause !== null; depth++) {
    const shape = shapeOf(cause);
    if (typeof shape.code === 'string') return shape.code;
    cause = shape.cause;
  }
  return undefined;
}

function headerOf(error: Shape, name: string): string | undefined {
  return error.headers instanceof Headers ? (error.headers.get(name) ?? undefined) : undefined;
}

/** Milliseconds that the provider asks to wait, at most `retryAfterMaxMs`. */
function retryAfterMs(error: Shape, context: FailureContext): number | undefined {
  const milliseconds = Number(headerOf(error, 'retry-after-ms') ?? Number.NaN);
  const text = headerOf(error, 'retry-after');
  const seconds = Number(text ?? Number.NaN);
  const asked = Number.isFinite(milliseconds) ? milliseconds : Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text ?? '') - context.now;
  return Number.isFinite(asked) ? Math.min(Math.max(0, Math.ceil(asked)), context.retryAfterMaxMs) : undefined;
}

function codeOf(error: unknown, words: readonly string[], status: number | undefined, socket: string | undefined): ErrorCode {
  const says = (known: ReadonlySet<string>): boolean => words.some((word) => known.has(word));
  if (error instanceof SyntaxError) return 'model_malformed';
  if (status === 402 || says(billingCodes)) return 'model_billing';
  if (says(overflowCodes)) return 'model_context_overflow';
  if (status === 401 || status === 403) return 'model_auth';
  if (status === 429 || says(rateCodes)) return 'model_rate_limited';
  if (status === 503 || status === 529 || says(overloadedCodes)) return 'model_overloaded';
  if (status === 413) return 'model_context_overflow';
  if (status === undefined) {
    if (says(authTypes)) return 'model_auth';
    if (says(requestTypes)) return 'model_bad_request';
    const timedOut = timeoutNames.has(shapeOf(error).name) || (socket !== undefined && socketTimeoutCodes.has(socket));
    return timedOut ? 'model_timeout' : 'model_unavailable';
  }
  return status === 408 || status === 409 || status >= 500 ? 'model_unavailable' : 'model_bad_request';
}

const nextStep: Partial<Record<ErrorCode, string>> = {
  model_auth: 'Check the API key of this provider.',
  model_billing: 'Check the plan and the billing of the account.',
  model_context_overflow: 'Give it less text, or choose a model with a larger window.',
  model_bad_request: 'Check the name of the model and the base URL.',
  model_malformed: 'Check the base URL, and that its server speaks the wire of this provider.',
};

/** The refused field of a request, when the provider names one. */
export function refusedParameter(error: unknown): string | undefined {
  const { status, param } = shapeOf(error);
  return status === 400 && typeof param === 'string' ? param : undefined;
}

/** Turns whatever the SDK threw into a `model_*` error, by status, then code or type, then cause; never by the text. */
export function modelFailure(error: unknown, context: FailureContext): FlockworkError {
  if (error instanceof FlockworkError) return error;
  const shape = shapeOf(error);
  const words = [shape.code, shape.errorCode, shape.type].filter((word) => typeof word === 'string');
  // An error event has no status of its own; some servers put one in its code.
  const status = [shape.status, shape.code].find((value) => typeof value === 'number');
  const socket = status === undefined ? socketCode(error) : undefined;
  const code = codeOf(error, words, status, socket);
  const host = URL.canParse(context.baseUrl) ? new URL(context.baseUrl).host : 'the provider';
  // A provider repeats parts of a refused key in its text: that text goes nowhere.
  const secret = code === 'model_auth' || (context.apiKey !== undefined && context.apiKey !== '' && String(shape.message).includes(context.apiKey));
  const text = [shape.apiMessage, shape.message].find((part) => typeof part === 'string');
  const said = secret || text === undefined ? '' : `: ${text.slice(0, providerTextMax)}`;
  const reason = socket === undefined ? '' : ` (${socket})`;
  const should = headerOf(shape, 'x-should-retry');
  const waitMs = retryAfterMs(shape, context);
  return new FlockworkError(code, `${host} failed the call of ${context.model}${reason}${said}. ${nextStep[code] ?? 'The call can be made again.'}`, {
    ...(secret ? {} : { cause: error }),
    ...(should === 'true' || should === 'false' ? { retryable: should === 'true' } : {}),
    details: {
      model: context.model,
      host,
      ...(status === undefined ? {} : { status }),
      ...(words.length === 0 ? {} : { providerCode: words[0] }),
      ...(socket === undefined ? {} : { socket }),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    },
  });
}
