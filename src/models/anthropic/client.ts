import type { Anthropic } from '@anthropic-ai/sdk';
import type { ModelBounds } from '../bounds.ts';
import { anthropicBaseUrlDefault, type WireOptions } from '../options.ts';
import { messageEvents } from './message-events.ts';

export type AnthropicWire = Pick<WireOptions, 'apiKey'> & { readonly baseUrl: string };

export interface AnthropicClient {
  readonly client: Anthropic;
  /** The events of a streamed answer, pings too. Throws what the stream threw, and an error event as the SDK's own error. */
  events(response: Response): AsyncGenerator<unknown, void, void>;
}

/**
 * The one place that loads the SDK. It never retries, and of its environment variables it reads only ANTHROPIC_CUSTOM_HEADERS,
 * which cannot be switched off.
 */
export async function openClient({ baseUrl, apiKey }: AnthropicWire, bounds: Pick<ModelBounds, 'callMaxMs'>): Promise<AnthropicClient> {
  const [sdk, { Stream }] = await Promise.all([import('@anthropic-ai/sdk'), import('@anthropic-ai/sdk/core/streaming')]);
  const keyless = apiKey === undefined || apiKey === '';
  // The SDK sends a bearer token; servers made for its earlier versions look for this header.
  const elsewhere: Record<string, string> = keyless || baseUrl === anthropicBaseUrlDefault ? {} : { 'x-api-key': apiKey };
  const client = new sdk.Anthropic({
    baseURL: baseUrl,
    // Without a key the SDK would look for credentials on the disk and send those.
    apiKey: keyless ? 'none' : apiKey,
    defaultHeaders: keyless ? { Authorization: null } : elsewhere,
    webhookKey: null,
    maxRetries: 0,
    // It only covers the wait for the headers; the watchdogs cover all of it and must be the ones to fire.
    timeout: bounds.callMaxMs * 2,
    logLevel: 'off',
    openTelemetry: false,
  });
  return {
    client,
    events: (response) => messageEvents(Stream.rawEvents(response), (body) => new sdk.APIError(undefined, body, undefined, response.headers)),
  };
}
