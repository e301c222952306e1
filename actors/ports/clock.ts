/** The only source of time in actors/ and swarm/. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `onDue` once, not before `delayMs` have passed; answers how to disarm it. */
  timer(delayMs: number, onDue: () => void): () => void;
}
