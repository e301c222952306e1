export interface RawEvent {
  readonly event: string | null;
  readonly data: string;
}

/**
 * The parsed events of a stream. The SDK's own iterator drops pings; here they pass, because a model that thinks for minutes
 * sends nothing else, and the idle watchdog has to see them. Throws SyntaxError for what is no JSON, and `failed` for an error event.
 */
export async function* messageEvents(source: AsyncIterable<RawEvent>, failed: (body: object) => Error): AsyncGenerator<unknown, void, void> {
  for await (const { event, data } of source) {
    if (data === '') continue;
    const body: unknown = JSON.parse(data);
    if (event === 'error' || typeOf(body) === 'error') throw failed(typeof body === 'object' && body !== null ? body : {});
    yield body;
  }
}

function typeOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined;
}
