import type { OpenAI } from 'openai';
import type { ModelCallOptions, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { callKeyHeader, type ModelAdapter } from '../adapter.ts';
import { parsedBaseUrl } from '../base-url.ts';
import { expectEventStream } from '../event-stream.ts';
import { refusedParameter } from '../failure.ts';
import type { WireOptions } from '../options.ts';
import { type AdapterOptions, builderOptions, callFailure, expectWanted, namesOf, readReply } from '../streamed-call.ts';
import { openClient } from './client.ts';
import { jsonEvents } from './event-reader.ts';
import { bytesOf, cancelledBy } from './http-fetch.ts';
import { ReplyBuilder } from './reply-builder.ts';
import { wireRequest } from './request.ts';

export type OpenAiAdapterOptions = AdapterOptions<WireOptions & { readonly baseUrl: string }>;

/** Models whose refusal of `reasoning_effort` beside tools is remembered; above this the oldest is asked again. */
const effortlessModelsMax = 256;

/** Chat Completions, streaming, through the openai SDK with its own retries off. The SDK is loaded by the first call. */
export class OpenAiAdapter implements ModelAdapter {
  readonly #options: OpenAiAdapterOptions;
  readonly #outputCapField: 'max_completion_tokens' | 'max_tokens';
  /** Models that take tools on this wire only with reasoning switched off. */
  readonly #effortless = new Set<string>();
  #client: Promise<OpenAI> | undefined;

  constructor(options: OpenAiAdapterOptions) {
    const { baseUrl, outputCapField } = options.wire;
    const { hostname } = parsedBaseUrl(baseUrl);
    this.#options = options;
    this.#outputCapField = outputCapField ?? (hostname === 'api.openai.com' ? 'max_completion_tokens' : 'max_tokens');
  }

  async call(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    expectWanted(request, options);
    try {
      return await this.#attempt(name, request, options);
    } catch (error) {
      // The provider's own words for "not with tools on this wire": a refused call has no outcome, so it may be made once more without.
      if (request.tools.length === 0 || this.#effortless.has(name) || refusedParameter(error) !== 'reasoning_effort')
        throw callFailure(error, request, this.#options);
      this.#remember(name);
    }
    try {
      return await this.#attempt(name, request, options);
    } catch (error) {
      throw callFailure(error, request, this.#options);
    }
  }

  async #attempt(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    const { bounds, wire } = this.#options;
    this.#client ??= openClient(wire, bounds);
    const client = await this.#client;
    const names = namesOf(request);
    const effortless = request.tools.length > 0 && this.#effortless.has(name);
    const body = wireRequest(name, request, names, { outputCapField: this.#outputCapField, ...(effortless ? { reasoningEffort: 'none' } : {}) });
    const open = async (signal: AbortSignal): Promise<AsyncIterable<unknown>> => {
      // Read here: the SDK's own reader of the stream costs as much as the rest of the call.
      const response = await client.chat.completions
        .create(body, { fetchOptions: cancelledBy(signal), headers: { [callKeyHeader]: request.key } })
        .asResponse();
      expectEventStream(response.headers.get('content-type'), { baseUrl: wire.baseUrl, model: request.model, hint: 'most servers want it to end in /v1' });
      return jsonEvents(bytesOf(response, bounds.tailMaxMs));
    };
    return readReply(new ReplyBuilder(builderOptions(this.#options, request, names)), open, { name, request, options, adapter: this.#options });
  }

  #remember(name: string): void {
    const oldest = this.#effortless.values().next();
    if (this.#effortless.size >= effortlessModelsMax && !oldest.done) this.#effortless.delete(oldest.value);
    this.#effortless.add(name);
  }
}
