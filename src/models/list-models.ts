import { FlockworkError } from '../../protocols/errors/error.ts';
import { parsedBaseUrl } from './base-url.ts';
import type { ModelBounds } from './bounds.ts';
import { modelFailure } from './failure.ts';
import type { WireOptions } from './options.ts';

export type ListModelsWire = Pick<WireOptions, 'apiKey' | 'organization'> & { readonly baseUrl: string };
export type ListModelsBounds = Pick<ModelBounds, 'listModelsMaxMs' | 'callMaxMs' | 'retryAfterMaxMs'>;

/** The names of a provider's models in its own order; `list` asks for the first page. Failures are `model_*`. */
export async function listModels(
  wire: ListModelsWire,
  bounds: ListModelsBounds,
  list: (signal: AbortSignal) => Promise<{ readonly data: readonly { readonly id: string }[] }>,
): Promise<readonly string[]> {
  const { host } = parsedBaseUrl(wire.baseUrl);
  const signal = AbortSignal.timeout(bounds.listModelsMaxMs);
  try {
    const page = await list(signal);
    return (Array.isArray(page.data) ? page.data : []).map((model: { readonly id: string }) => model.id).filter((id) => typeof id === 'string' && id !== '');
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
