import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { ModelBounds } from '../bounds.ts';
import type { WireOptions } from '../options.ts';
import { openClient, parsedBaseUrl } from './client.ts';
import { modelFailure } from './failure.ts';

/** The names of a provider's models in its own order. Failures are `model_*`. */
export async function listModels(
  wire: WireOptions & { readonly baseUrl: string },
  bounds: Pick<ModelBounds, 'listModelsMaxMs' | 'callMaxMs' | 'retryAfterMaxMs'>,
): Promise<readonly string[]> {
  const { host } = parsedBaseUrl(wire.baseUrl);
  const client = await openClient(wire, bounds);
  const signal = AbortSignal.timeout(bounds.listModelsMaxMs);
  try {
    const page = await client.models.list({ signal });
    return (Array.isArray(page.data) ? page.data : []).map((model) => model.id).filter((id) => typeof id === 'string' && id !== '');
  } catch (error) {
    if (signal.aborted) {
      throw new FlockworkError('model_timeout', `${host} did not list its models within ${bounds.listModelsMaxMs} ms (listModelsMaxMs).`, {
        cause: error,
        details: { host },
      });
    }
    throw modelFailure(error, { model: 'GET /models', baseUrl: wire.baseUrl, apiKey: wire.apiKey, retryAfterMaxMs: bounds.retryAfterMaxMs, now: Date.now() });
  }
}
