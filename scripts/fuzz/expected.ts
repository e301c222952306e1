/** What each message must get, read by rules of its own: nothing here is shared with what is being fuzzed. */

/** How deep JSON may nest; the page of the wire says so. */
const depthMax = 64;
/** A message above it is not even read. */
const messageBytesMax = 1_048_576;
const methodCharsMax = 128;
const idCharsMax = 256;
const envelopeKeys: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);

/** The id of the one answer that a message must get (null where none can be told), or that it gets none: it is a whole request without an id. */
export type Expected = { readonly answers: 1; readonly id: string | number | null } | { readonly answers: 0 };

const toNobody: Expected = { answers: 1, id: null };

export function expectedOf(body: Uint8Array): Expected {
  if (body.length > messageBytesMax) return toNobody;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return toNobody;
  }
  if (depthOf(value) > depthMax || !isPlain(value)) return toNobody;
  if (isWhole(value) && !Object.hasOwn(value, 'id')) return { answers: 0 };
  const id = Object.hasOwn(value, 'id') ? value['id'] : undefined;
  // JSON has no infinity: 1e999 is answered as null.
  return typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id)) ? { answers: 1, id } : toNobody;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: Readonly<Record<string, unknown>>): boolean {
  const { jsonrpc, method, params, id } = value;
  const idFits = id === undefined || (typeof id === 'string' && id.length <= idCharsMax) || Number.isFinite(id);
  const methodFits = typeof method === 'string' && method.length >= 1 && method.length <= methodCharsMax;
  return jsonrpc === '2.0' && methodFits && idFits && (params === undefined || isPlain(params)) && Object.keys(value).every((key) => envelopeKeys.has(key));
}

/** Level by level, so that depth costs no stack. */
function depthOf(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (level.length > 0) {
    const next: unknown[] = [];
    let nests = false;
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue;
      nests = true;
      for (const inner of Object.values(one)) next.push(inner);
    }
    if (!nests) break;
    depth++;
    level = next;
  }
  return depth;
}

/** How a stream of frames reads: its bodies, and whether it ended between two frames, within one, or at a length above the bound. */
export interface ExpectedStream {
  readonly bodies: readonly Uint8Array[];
  readonly end: 'clean' | 'truncated' | 'too-large';
}

export function expectedStream(bytes: Uint8Array, frameBytesMax: number): ExpectedStream {
  const bodies: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 4) return { bodies, end: 'truncated' };
    const length = view.getUint32(at, false);
    if (length > frameBytesMax) return { bodies, end: 'too-large' };
    if (bytes.length - at - 4 < length) return { bodies, end: 'truncated' };
    bodies.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { bodies, end: 'clean' };
}
