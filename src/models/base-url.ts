import { FlockworkError } from '../../protocols/errors/error.ts';

/** Throws `config_invalid` for what is no URL. */
export function parsedBaseUrl(baseUrl: string): URL {
  if (URL.canParse(baseUrl)) return new URL(baseUrl);
  throw new FlockworkError(
    'config_invalid',
    `The base URL of a model provider, "${baseUrl}", is not a URL. Write it with its scheme, for instance http://127.0.0.1:8000/v1.`,
    {
      details: { baseUrl },
    },
  );
}

/** The host for sentences and details; a text that is no URL is shown as it is. */
export function hostOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : baseUrl;
}
