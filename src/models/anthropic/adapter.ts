import type { ModelCallOptions, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { callKeyHeader, type ModelAdapter } from '../adapter.ts';
import type { ModelBounds } from '../bounds.ts';
import { expectEventStream } from '../event-stream.ts';
import { modelFailure } from '../failure.ts';
import { costMicroUsd, type Price } from '../prices.ts';
import { ToolNames } from '../tool-names.ts';
import { watched } from '../watchdog.ts';
import { anthropicBaseUrl } from './base-url.ts';
import { type AnthropicClient, type AnthropicWire, openClient } from './client.ts';
import { ReplyBuilder } from './reply-builder.ts';
import { wireRequest } from './request.ts';

export interface AnthropicAdapterOptions {
  readonly wire: AnthropicWire;
  readonly bounds: ModelBounds;
  /** The price of a model of this provider, undefined when none is known. */
  readonly price: (name: string) => Price | undefined;
}

/** Anthropic Messages, streaming, through the SDK with its own retries off. The SDK is loaded by the first call. */
export class AnthropicAdapter implements ModelAdapter {
  readonly #options: AnthropicAdapterOptions;
  #client: Promise<AnthropicClient> | undefined;

  /** Throws `config_invalid` for a base URL that is none. */
  constructor(options: AnthropicAdapterOptions) {
    this.#options = { ...options, wire: { ...options.wire, baseUrl: anthropicBaseUrl(options.wire.baseUrl) } };
  }

  async call(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    if (options.signal.aborted) throw new FlockworkError('aborted', `The call of ${request.model} was aborted before it began.`);
    const { bounds, wire } = this.#options;
    try {
      return await this.#attempt(name, request, options);
    } catch (error) {
      throw modelFailure(error, { model: request.model, baseUrl: wire.baseUrl, apiKey: wire.apiKey, retryAfterMaxMs: bounds.retryAfterMaxMs, now: Date.now() });
    }
  }

  async #attempt(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    const { bounds, wire } = this.#options;
    this.#client ??= openClient(wire, bounds);
    const { client, events } = await this.#client;
    const names = new ToolNames(request.tools.map((tool) => tool.name));
    const body = wireRequest(name, request, names);
    const round = request.messages.filter((message) => message.role === 'assistant').length;
    const builder = new ReplyBuilder({ ...bounds, model: request.model, names, round });
    const open = async (signal: AbortSignal): Promise<AsyncIterable<unknown>> => {
      const response = await client.messages.create(body, { signal, headers: { [callKeyHeader]: request.key } }).asResponse();
      expectEventStream(response.headers.get('content-type'), { baseUrl: wire.baseUrl, model: request.model, hint: '/v1/messages is added to it' });
      return events(response);
    };
    for await (const event of watched(open, { ...bounds, signal: options.signal, model: request.model, ended: () => builder.ended })) {
      const text = builder.add(event);
      if (text !== '') options.onDelta?.(text);
    }
    const reply = builder.finish();
    return { ...reply, costMicroUsd: costMicroUsd(reply.usage, this.#options.price(name)) };
  }
}
