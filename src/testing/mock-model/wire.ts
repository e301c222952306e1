import type { MockReply } from './reply.ts';
import type { MockRequest } from './request.ts';
import type { Failure } from './scenes.ts';

/** How one provider's calls and answers look. */
export interface MockWire {
  readonly name: 'openai' | 'anthropic';
  /** Answers what is wrong with a body that is none of this wire. */
  read(body: unknown, headers: MockHeaders, before: number): MockExchange | string;
  /** The body of an answer with a failure status. */
  failure(failure: Omit<Failure, 'type'>): unknown;
}

export type MockHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** One call on a wire: what was asked, and the bytes of every way to answer it. */
export interface MockExchange {
  readonly request: MockRequest;
  readonly streamed: boolean;
  /** The answer in one piece. */
  whole(reply: MockReply, callId: number): string;
  /** The events of a streamed answer, one by one. */
  pieces(reply: MockReply, callId: number): Iterable<string>;
  /** A stream that has begun to say `Hel`. */
  begun(callId: number): string;
  /** All that the model says at the end of that stream, but not the end marker. */
  almostEnded(callId: number): string;
  /** Its end marker. */
  endMarker(callId: number): string;
  /** An error event that says `overloaded`. */
  errorEvent(): string;
  /** An event whose data is no JSON. */
  notJson(): string;
  /** An event of the wire whose data has another shape. */
  notAnEvent(): string;
}

const charsPerToken = 4;

/** A count of tokens that is good enough for tests. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / charsPerToken);
}

/** A text as a model streams it, some words at a time. */
export function wordsOf(text: string): readonly string[] {
  return (text.match(/\S*\s*(?:\S+\s*){0,7}/g) ?? []).filter((words) => words !== '');
}
