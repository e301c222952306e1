/** The text of the event that ends a stream. */
const endOfStream = '[DONE]';

/** An error that a provider sent in the middle of its stream, in the shape of those with a status. */
class StreamError extends Error {
  readonly code: unknown;
  readonly type: unknown;
  readonly param: unknown;

  constructor({ message, code, type, param }: { readonly [field: string]: unknown }) {
    super(typeof message === 'string' ? message : 'the provider sent an error in its stream');
    this.code = code;
    this.type = type;
    this.param = param;
  }
}

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html, of which Chat Completions uses the data
 * lines) and answers the JSON of each, up to `[DONE]`. Throws a `SyntaxError` for what is no JSON, and the error that an event carries.
 */
export async function* jsonEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string | undefined;
  for await (const piece of bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line.startsWith('data:')) {
        const value = line.slice(line[5] === ' ' ? 6 : 5);
        data = data === undefined ? value : `${data}\n${value}`;
      } else if (line === '' && data !== undefined) {
        if (data.startsWith(endOfStream)) return;
        yield checked(JSON.parse(data));
        data = undefined;
      }
    }
  }
}

function checked(event: unknown): unknown {
  const error = typeof event === 'object' && event !== null && 'error' in event ? event.error : undefined;
  if (typeof error === 'object' && error !== null) throw new StreamError(error as { readonly [field: string]: unknown });
  if (typeof error === 'string' && error !== '') throw new StreamError({ message: error });
  return event;
}
