import type { Subscription } from './journal.ts';

/** A live message: at most once, never stored. */
export interface LiveMessage {
  readonly subject: string;
  /** JSON text. */
  readonly body: string;
}

export interface Pubsub {
  /** Never runs a subscriber in the caller's stack. */
  publish(subject: string, body: string): void;
  /** Each subscriber of a pattern gets each message, in order per publisher. A throw in the handler hurts nobody else. */
  subscribe(pattern: string, onMessage: (message: LiveMessage) => void): Promise<Subscription>;
  /** Asks whoever serves the subject. `no_responder` when nobody does, `request_timeout` when no answer came. */
  request(subject: string, body: string, options: { timeoutMs: number }): Promise<string>;
  /** Answers requests; one server per subject is picked. A throw is answered as a failure and rethrown to the asker. */
  serve(subject: string, answer: (body: string) => Promise<string>): Promise<Subscription>;
}
