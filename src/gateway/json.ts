import { FlockworkError } from '../../protocols/errors/error.ts';

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Reads JSON that came over a wire. Bytes must be valid UTF-8. Throws `invalid_json`; nesting is bounded before anything is built. */
export function decodeJson(data: string | Uint8Array, jsonDepthMax: number): unknown {
  const text = typeof data === 'string' ? data : decodeUtf8(data);
  if (nestsDeeper(text, jsonDepthMax)) {
    throw new FlockworkError('invalid_json', `the message nests deeper than ${jsonDepthMax} levels; send it flatter`, { details: { jsonDepthMax } });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FlockworkError('invalid_json', 'the message is not JSON; send one JSON value in UTF-8', { cause });
  }
}

function decodeUtf8(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch (cause) {
    throw new FlockworkError('invalid_json', 'the message is not valid UTF-8; send JSON in UTF-8', { cause });
  }
}

/** Counts brackets outside strings. */
function nestsDeeper(text: string, depthMax: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case openBracket:
      case openBrace:
        depth++;
        if (depth > depthMax) return true;
        break;
      case closeBracket:
      case closeBrace:
        depth--;
        break;
      default:
    }
  }
  return false;
}

/** The index of the quote that closes the string which opens at `from`, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
