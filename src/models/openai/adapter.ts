import type { OpenAI } from 'openai';
import type { ModelCallOptions, ModelReply, ModelRequest } from '../../../actors/ports/models.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { callKeyHeader, type ModelAdapter } from '../adapter.ts';
import { parsedBaseUrl } from '../base-url.ts';
import type { ModelBounds } from '../bounds.ts';
import { expectEventStream } from '../event-stream.ts';
import { modelFailure, refusedParameter } from '../failure.ts';
import type { WireOptions } from '../options.ts';
import { costMicroUsd, type Price } from '../prices.ts';
import { ToolNames } from '../tool-names.ts';
import { watched } from '../watchdog.ts';
import { openClient } from './client.ts';
import { jsonEvents } from './event-reader.ts';
import { bytesOf, cancelledBy } from './http-fetch.ts';
import { ReplyBuilder } from './reply-builder.ts';
import { wireRequest } from './request.ts';

export interface OpenAiAdapterOptions {
  readonly wire: WireOptions & { readonly baseUrl: string };
  readonly bounds: ModelBounds;
  /** The price of a model of this provider, undefined when none is known. */
  readonly price: (name: string) => Price | undefined;
}

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
    if (options.signal.aborted) throw new FlockworkError('aborted', `The call of ${request.model} was aborted before it began.`);
    try {
      return await this.#attempt(name, request, options);
    } catch (error) {
      // The provider's own words for "not with tools on this wire": a refused call has no outcome, so it may be made once more without.
      if (request.tools.length === 0 || this.#effortless.has(name) || refusedParameter(error) !== 'reasoning_effort') throw this.#failure(error, request);
      this.#remember(name);
    }
    try {
      return await this.#attempt(name, request, options);
    } catch (error) {
      throw this.#failure(error, request);
    }
  }

  async #attempt(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    const { bounds, wire } = this.#options;
    this.#client ??= openClient(wire, bounds);
    const client = await this.#client;
    const names = new ToolNames(request.tools.map((tool) => tool.name));
    const effortless = request.tools.length > 0 && this.#effortless.has(name);
    const body = wireRequest(name, request, names, { outputCapField: this.#outputCapField, ...(effortless ? { reasoningEffort: 'none' } : {}) });
    const round = request.messages.filter((message) => message.role === 'assistant').length;
    const builder = new ReplyBuilder({ ...bounds, model: request.model, names, round });
    const open = async (signal: AbortSignal): Promise<AsyncIterable<unknown>> => {
      // Read here: the SDK's own reader of the stream costs as much as the rest of the call.
      const response = await client.chat.completions
        .create(body, { fetchOptions: cancelledBy(signal), headers: { [callKeyHeader]: request.key } })
        .asResponse();
      expectEventStream(response.headers.get('content-type'), { baseUrl: wire.baseUrl, model: request.model, hint: 'most servers want it to end in /v1' });
      return jsonEvents(bytesOf(response, bounds.tailMaxMs));
    };
    for await (const chunk of watched(open, { ...bounds, signal: options.signal, model: request.model, ended: () => builder.ended })) {
      const text = builder.add(chunk);
      if (text !== '') options.onDelta?.(text);
    }
    const reply = builder.finish();
    return { ...reply, costMicroUsd: costMicroUsd(reply.usage, this.#options.price(name)) };
  }

  #remember(name: string): void {
    const oldest = this.#effortless.values().next();
    if (this.#effortless.size >= effortlessModelsMax && !oldest.done) this.#effortless.delete(oldest.value);
    this.#effortless.add(name);
  }

  #failure(error: unknown, request: ModelRequest): FlockworkError {
    const { wire, bounds } = this.#options;
    return modelFailure(error, { model: request.model, baseUrl: wire.baseUrl, apiKey: wire.apiKey, retryAfterMaxMs: bounds.retryAfterMaxMs, now: Date.now() });
  }
}
