import type { OpenAI } from 'openai';
import type { ModelBounds } from '../bounds.ts';
import type { WireOptions } from '../options.ts';
import { httpFetch } from './http-fetch.ts';

/** The one place that loads the SDK. Nothing is left to its environment variables, and it never retries. */
export async function openClient(wire: WireOptions & { readonly baseUrl: string }, bounds: Pick<ModelBounds, 'callMaxMs'>): Promise<OpenAI> {
  const sdk = await import('openai');
  const keyless = wire.apiKey === undefined || wire.apiKey === '';
  return new sdk.OpenAI({
    baseURL: wire.baseUrl,
    // The SDK wants a key even where the server wants none; the header is then taken away.
    apiKey: keyless ? 'none' : wire.apiKey,
    ...(keyless ? { defaultHeaders: { Authorization: null } } : {}),
    adminAPIKey: null,
    organization: wire.organization ?? null,
    project: null,
    fetch: httpFetch,
    maxRetries: 0,
    // It only covers the wait for the headers; the watchdogs cover all of it and must be the ones to fire.
    timeout: bounds.callMaxMs * 2,
    logLevel: 'off',
  });
}
