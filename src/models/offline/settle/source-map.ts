/** What a character of a source text belongs to: code, a string (also a template or a regular expression), or a comment. */
export type Kind = 'code' | 'string' | 'comment';

const code = 'c';
const string = 's';
const comment = 'm';
const kinds: Readonly<Record<string, Kind>> = { [code]: 'code', [string]: 'string', [comment]: 'comment' };

/** Behind these a slash begins a regular expression, behind anything else it divides. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|throw|await|yield))\s*$/;

/** Which characters of a JavaScript or TypeScript text are code. What it cannot tell for sure it takes for a string. */
export class SourceMap {
  readonly #kinds: string;

  constructor(text: string) {
    this.#kinds = kindsOf(text);
  }

  at(index: number): Kind {
    return kinds[this.#kinds[index] ?? code] ?? 'code';
  }
}

function kindsOf(text: string): string {
  const marks: string[] = [];
  let at = 0;
  const take = (end: number, mark: string): void => {
    marks.push(mark.repeat(Math.max(0, end - at)));
    at = end;
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const one = two.charAt(0);
    if (two === '//') take(endOf(text, '\n', at), comment);
    else if (two === '/*') take(Math.min(text.length, endOf(text, '*/', at + 2) + 2), comment);
    else if (one === '"' || one === "'") take(endOfQuoted(text, at, one, true), string);
    // A template is a string with all the code in it.
    else if (one === '`') take(endOfQuoted(text, at, one, false), string);
    else if (one === '/' && beforeRegex.test(text.slice(Math.max(0, at - 40), at))) take(endOfRegex(text, at), string);
    else take(at + 1, code);
  }
  return marks.join('');
}

function endOf(text: string, what: string, from: number): number {
  const end = text.indexOf(what, from);
  return end < 0 ? text.length : end;
}

function endOfQuoted(text: string, from: number, quote: string, oneLine: boolean): number {
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === quote) return at + 1;
    else if (oneLine && char === '\n') return at;
    else if (!oneLine && char === '$' && text[at + 1] === '{') at = endOfBraces(text, at + 1) - 1;
  }
  return text.length;
}

/** The place behind the brace that closes the one at `from`; strings and templates inside are stepped over. */
function endOfBraces(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '{') depth += 1;
    else if (char === '}' && --depth === 0) return at + 1;
    else if (char === '"' || char === "'" || char === '`') at = endOfQuoted(text, at, char, char !== '`') - 1;
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '\n') return at;
    if (char === '\\') at += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
  }
  return text.length;
}
