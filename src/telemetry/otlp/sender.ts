import { gzip } from 'node:zlib';
import type { SignalSettings } from './settings.ts';

/** A request that the receiver could not take now is tried this many times in all. */
const triesMax = 4;
/** The first wait between two tries, doubled each time. Milliseconds. */
const retryMs = 500;
/** The longest wait that a receiver may ask for. Milliseconds. */
const retryMsMax = 10_000;

const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Posts one body. Resolves with undefined when it was taken, else with why it was given up; never rejects. */
export async function send(settings: SignalSettings, json: string, signal: AbortSignal): Promise<string | undefined> {
  const { url, headers, timeoutMs } = settings;
  let why = '';
  try {
    const body = settings.gzip ? await zipped(json) : json;
    for (let tried = 1; tried <= triesMax && !signal.aborted; tried++) {
      const outcome = await post(
        url,
        { ...headers, 'content-type': 'application/json', ...(settings.gzip ? { 'content-encoding': 'gzip' } : {}) },
        body,
        timeoutMs,
        signal,
      );
      if (outcome === undefined) return undefined;
      why = outcome.why;
      if (!outcome.again || tried === triesMax) break;
      await pause(Math.min(retryMsMax, Math.max(outcome.afterMs, retryMs * 2 ** (tried - 1))), signal);
    }
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  return why === '' ? 'it was stopped' : why;
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array<ArrayBuffer>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ readonly why: string; readonly again: boolean; readonly afterMs: number } | undefined> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    await answer.body?.cancel();
    if (answer.ok) return undefined;
    const seconds = Number(answer.headers.get('retry-after'));
    return { why: `HTTP ${answer.status}`, again: retryable.has(answer.status), afterMs: Number.isFinite(seconds) ? seconds * 1_000 : 0 };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return { why: `${error instanceof Error ? error.message : String(error)}${cause}`, again: true, afterMs: 0 };
  }
}

function zipped(json: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => gzip(json, (error, bytes) => (error === null ? resolve(new Uint8Array(bytes)) : reject(error))));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done);
  });
}
