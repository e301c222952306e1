/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** The largest block of lines taken for one event, in characters. */
export const sseBlockMax = 2_097_152;

/** Cuts text into server-sent events, incrementally (HTML standard, section 9.2). Comments are left out. */
export class SseParser {
  #text = '';
  #retryMs: number | undefined;

  /** The last `retry:` of the server: how long to wait before asking again, ms. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** Throws a RangeError when no event ends within `sseBlockMax`. */
  *push(text: string): Generator<ServerSentEvent> {
    this.#text += text.replaceAll('\r\n', '\n');
    let start = 0;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n', start)) {
      const block = this.#text.slice(start, end);
      start = end + 2;
      const event = this.#parseBlock(block);
      if (event !== undefined) yield event;
    }
    this.#text = this.#text.slice(start);
    if (this.#text.length > sseBlockMax) throw new RangeError(`a server-sent event is above ${sseBlockMax} characters`);
  }

  #parseBlock(block: string): ServerSentEvent | undefined {
    let event = 'message';
    let id: string | undefined;
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
      if (field === 'data') data.push(value);
      else if (field === 'event') event = value;
      else if (field === 'id') id = value;
      else if (field === 'retry') this.#retryMs = Number(value);
    }
    return data.length === 0 ? undefined : { event, id, data: data.join('\n') };
  }
}
