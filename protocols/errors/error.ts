import { type ErrorCode, errorCatalogue, isErrorCode } from './catalogue.ts';

/** A failure as plain data: what stands in journals, answers and logs. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface FailureOptions {
  readonly cause?: unknown;
  /** Set where the thrower knows better than the catalogue. */
  readonly retryable?: boolean;
  /** Ids and figures as fields, so that nobody has to read them out of the message. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error class of Flockwork: a catalogue code, a sentence that says what happened to what and what to do next. */
export class FlockworkError extends Error implements Failure {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FlockworkError';
    this.code = code;
    this.retryable = options.retryable ?? errorCatalogue[code].retryable;
    if (options.details !== undefined) this.details = options.details;
  }
}

/** Reads any thrown value as a failure. What is not ours becomes `fallback`, with its message kept. */
export function failureOf(error: unknown, fallback: ErrorCode = 'internal'): Failure {
  if (error instanceof FlockworkError) {
    const { code, message, retryable, details } = error;
    return details === undefined ? { code, message, retryable } : { code, message, retryable, details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: fallback, message, retryable: errorCatalogue[fallback].retryable };
}

/** Turns a failure that came over a wire into an error; an unknown code of a newer node becomes `internal`. */
export function errorOf(failure: { code: string; message: string; retryable?: boolean; details?: unknown }): FlockworkError {
  const code = isErrorCode(failure.code) ? failure.code : 'internal';
  const details = typeof failure.details === 'object' && failure.details !== null ? (failure.details as Record<string, unknown>) : undefined;
  return new FlockworkError(code, failure.message, {
    ...(failure.retryable === undefined ? {} : { retryable: failure.retryable }),
    ...(details === undefined ? {} : { details }),
  });
}
