/** Bounds of a supervisor; each is an option of the same name. */
export interface RestartPolicy {
  /** Restarts within `windowMs` before the supervisor gives up. */
  readonly restartsMax: number;
  readonly windowMs: number;
  /** The first wait; it doubles with each restart in the window, up to `backoffMsMax`. Milliseconds. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export const restartPolicyDefault: RestartPolicy = { restartsMax: 8, windowMs: 60_000, backoffMs: 100, backoffMsMax: 10_000 };

export type RestartDecision = { readonly restartAfterMs: number; readonly recent: readonly number[] } | { readonly escalate: true };

/** Decides on a failure at `now`, given when the restarts before it were. Pure. */
export function decideRestart(policy: RestartPolicy, restarts: readonly number[], now: number): RestartDecision {
  const recent = restarts.filter((at) => now - at < policy.windowMs);
  if (recent.length >= policy.restartsMax) return { escalate: true };
  return { restartAfterMs: Math.min(policy.backoffMs * 2 ** recent.length, policy.backoffMsMax), recent: [...recent, now] };
}
