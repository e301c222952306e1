import { errorCatalogue } from '../../protocols/errors/catalogue.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { frameBytesMax } from '../../protocols/wire/frame.ts';

export const problemType = 'application/problem+json; charset=utf-8';

/** An error as RFC 9457 wants it, with the code of the catalogue beside. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

export function problemOf(error: FlockworkError): Problem {
  const { code, message, retryable, details } = error;
  const { status, meaning } = errorCatalogue[code];
  return { type: `urn:flockwork:error:${code}`, title: meaning, status, detail: message, code, retryable, ...(details === undefined ? {} : { details }) };
}

/** Headers that belong to a status. */
export function problemHeaders({ status, retryable }: Problem): Readonly<Record<string, string>> {
  return {
    'content-type': problemType,
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(retryable && (status === 429 || status === 503) ? { 'retry-after': '1' } : {}),
  };
}

/** What the HTTP framework throws, in the words of the catalogue; undefined for what is none of its own. */
export function frameworkFailure(error: unknown): FlockworkError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const { code, message } = error;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new FlockworkError('frame_too_large', `the body is above the bound of ${frameBytesMax} bytes; send files in chunks with PUT /v1/blobs/:sha256`, {
      details: { frameBytesMax },
    });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new FlockworkError(
      'invalid_request',
      'this route takes a body of content-type application/json (application/octet-stream for blobs); send that header',
    );
  }
  return code.startsWith('FST_ERR_CTP_') || code === 'FST_ERR_BAD_URL' ? new FlockworkError('invalid_request', message, { cause: error }) : undefined;
}

/** A whole HTTP answer for a socket that has no response object. */
export function rawProblem(failure: FlockworkError): string {
  const problem = problemOf(failure);
  const body = JSON.stringify(problem);
  const headers = { ...problemHeaders(problem), 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${problem.code}\r\n${lines.join('')}\r\n${body}`;
}
