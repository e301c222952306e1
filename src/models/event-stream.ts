import { FlockworkError } from '../../protocols/errors/error.ts';
import { hostOf } from './base-url.ts';

/** A wrong base URL often answers 200 with a web page, which an SDK would read as an empty stream. Throws `model_malformed`. */
export function expectEventStream(contentType: string | null, { baseUrl, model, hint }: { baseUrl: string; model: string; hint: string }): void {
  if (contentType === null || contentType.includes('text/event-stream')) return;
  const host = hostOf(baseUrl);
  throw new FlockworkError(
    'model_malformed',
    `${host} answered the call of ${model} with ${contentType} where a stream was asked for. Check the base URL; ${hint}.`,
    {
      details: { model, host, contentType },
    },
  );
}
