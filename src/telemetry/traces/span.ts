export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SpanEvent {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly attributes?: Attributes;
}

/** A span that has ended. Times in milliseconds since 1970. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for the span of a goal. */
  readonly parentSpanId?: string;
  readonly name: string;
  /** `client`: a call to something outside, such as a model. */
  readonly kind: 'internal' | 'client';
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  readonly events?: readonly SpanEvent[];
  /** A code of the error catalogue; absent when all went well. */
  readonly error?: string;
}

/** Takes spans as they end; never waits and never throws. */
export type SpanSink = (span: Span) => void;
