import { FlockworkError } from '../../protocols/errors/error.ts';

/** How long a tool that was told to stop may take to do so before nobody waits for it any more. */
export const stopGraceMs = 5_000;

export interface BoundedCallOptions {
  /** For the error. */
  readonly name: string;
  readonly timeoutMs: number;
  readonly stopGraceMs: number;
  /** The owner's. */
  readonly signal: AbortSignal;
}

/**
 * Runs `work` with a signal that is aborted when the time is over or the owner gives up, waits for it to stop, and throws `tool_timeout` or `aborted`.
 * Work that does not stop within the grace is left alone: its result goes nowhere.
 */
export async function boundedCall<Result>(
  { name, timeoutMs, stopGraceMs: graceMs, signal }: BoundedCallOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const failures = {
    aborted: () => new FlockworkError('aborted', `The call of ${name} was aborted by its owner`, { details: { tool: name } }),
    timeout: () =>
      new FlockworkError('tool_timeout', `${name} ran longer than ${timeoutMs} ms and was ended; ask for less at a time`, {
        details: { tool: name, timeoutMs },
      }),
  };
  if (signal.aborted) throw failures.aborted();
  const controller = new AbortController();
  const given = Promise.withResolvers<never>();
  let stopped: keyof typeof failures | undefined;
  let grace: NodeJS.Timeout | undefined;
  const stop = (why: keyof typeof failures): void => {
    if (stopped !== undefined) return;
    stopped = why;
    controller.abort();
    grace = setTimeout(() => given.reject(failures[why]()), graceMs);
  };
  const onAbort = (): void => stop('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(stop, timeoutMs, 'timeout');
  try {
    const result = await Promise.race([work(controller.signal), given.promise]);
    if (stopped === 'aborted') throw failures.aborted();
    return result;
  } catch (error) {
    // A tool's own tool_timeout says more than ours.
    if (stopped === undefined || (error instanceof FlockworkError && error.code === 'tool_timeout')) throw error;
    throw failures[stopped]();
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal.removeEventListener('abort', onAbort);
  }
}
