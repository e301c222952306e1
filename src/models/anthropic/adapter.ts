import type { ModelCallOptions, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { callKeyHeader, type ModelAdapter } from '../adapter.ts';
import { expectEventStream } from '../event-stream.ts';
import { type AdapterOptions, builderOptions, callFailure, expectWanted, namesOf, readReply } from '../streamed-call.ts';
import { anthropicBaseUrl } from './base-url.ts';
import { type AnthropicClient, type AnthropicWire, openClient } from './client.ts';
import { ReplyBuilder } from './reply-builder.ts';
import { wireRequest } from './request.ts';

export type AnthropicAdapterOptions = AdapterOptions<AnthropicWire>;

/** Anthropic Messages, streaming, through the SDK with its own retries off. The SDK is loaded by the first call. */
export class AnthropicAdapter implements ModelAdapter {
  readonly #options: AnthropicAdapterOptions;
  #client: Promise<AnthropicClient> | undefined;

  /** Throws `config_invalid` for a base URL that is none. */
  constructor(options: AnthropicAdapterOptions) {
    this.#options = { ...options, wire: { ...options.wire, baseUrl: anthropicBaseUrl(options.wire.baseUrl) } };
  }

  async call(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    expectWanted(request, options);
    try {
      return await this.#attempt(name, request, options);
    } catch (error) {
      throw callFailure(error, request, this.#options);
    }
  }

  async #attempt(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    const { bounds, wire } = this.#options;
    this.#client ??= openClient(wire, bounds);
    const { client, events } = await this.#client;
    const names = namesOf(request);
    const body = wireRequest(name, request, names);
    const open = async (signal: AbortSignal): Promise<AsyncIterable<unknown>> => {
      const response = await client.messages.create(body, { signal, headers: { [callKeyHeader]: request.key } }).asResponse();
      expectEventStream(response.headers.get('content-type'), { baseUrl: wire.baseUrl, model: request.model, hint: '/v1/messages is added to it' });
      return events(response);
    };
    return readReply(new ReplyBuilder(builderOptions(this.#options, request, names)), open, { name, request, options, adapter: this.#options });
  }
}
