/** One call as a script sees it, whatever wire it came on. */
export interface MockRequest {
  readonly model: string;
  /** The idempotency key of the caller, from the header `x-flockwork-key`; empty when it sent none. */
  readonly key: string;
  /** The role of the task, from the line `Role: …` of the system prompt; empty when there is none. */
  readonly role: string;
  readonly system: string;
  /** The last message of role `user`. */
  readonly user: string;
  /** The texts of the tool results in their order. */
  readonly toolResults: readonly string[];
  /** Tool results that the wire's own field marks as failed; 0 on a wire without one. */
  readonly toolFailures: number;
  /** Assistant messages so far that called tools. */
  readonly toolRounds: number;
  /** Names of the tools as the wire carries them. */
  readonly tools: readonly string[];
  /** Empty when the call leaves it to the model. */
  readonly reasoningEffort: string;
  /** How many calls came before this one. */
  readonly before: number;
}

export function roleOf(system: string): string {
  return /^Role:[ \t]*(\S+)/m.exec(system)?.[1] ?? '';
}
