import { parsedBaseUrl } from '../base-url.ts';

/** As the SDK wants it, which adds `/v1` itself: a base URL that already ends in it is meant the same. Throws `config_invalid`. */
export function anthropicBaseUrl(baseUrl: string): string {
  parsedBaseUrl(baseUrl);
  return baseUrl.trim().replace(/\/+$/, '').replace(/\/v1$/, '');
}
