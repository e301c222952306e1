import type { ToolOutput } from './define-tool.ts';

/** Cuts without splitting a character that takes two code units. */
export function cutAt(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const last = text.charCodeAt(chars - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? chars - 1 : chars);
}

/** One line up to `charsMax`, with a mark of what is missing. `clean` sees the whole line: a cut must not leave half a secret that nothing recognises. */
export function cutLine(line: string, charsMax: number, clean: (line: string) => string): string {
  if (line.length <= charsMax) return line;
  const whole = clean(line);
  const head = cutAt(whole, charsMax);
  return head.length === whole.length ? whole : `${head} […${whole.length - head.length} more characters]`;
}

/** The whole text, or its beginning up to a line's end and a last line that says what is missing; never above `charsMax`. */
export function truncateText(text: string, charsMax: number): ToolOutput {
  if (text.length <= charsMax) return { text };
  const mark = (shown: number): string => `[cut: the first ${shown} of ${text.length} characters; ask for less at a time]`;
  const head = cutAt(text, Math.max(0, charsMax - mark(text.length).length - 1));
  const lineEnd = head.lastIndexOf('\n');
  const shown = lineEnd > head.length / 2 ? head.slice(0, lineEnd) : head;
  return { text: cutAt(`${shown}\n${mark(shown.length)}`, charsMax), truncated: true };
}

/** The beginning and the end, for output whose end matters most: what went wrong stands there. */
export function truncateMiddle(text: string, charsMax: number, advice: string): ToolOutput {
  if (text.length <= charsMax) return { text };
  const mark = `[cut: ${charsMax} of ${text.length} characters are shown; ${advice}]`;
  const room = Math.max(0, charsMax - mark.length - 60);
  const head = cutAt(text, Math.ceil(room / 2));
  let tail = text.slice(text.length - Math.floor(room / 2));
  const first = tail.charCodeAt(0);
  if (first >= 0xdc00 && first <= 0xdfff) tail = tail.slice(1);
  const left = text.length - head.length - tail.length;
  return { text: `${head}\n[… ${left} characters left out …]\n${tail}\n${mark}`, truncated: true };
}

/** Takes lines while they fit; leaves room for a last line about what did not. */
export class LineBudget {
  readonly #lines: string[] = [];
  #left: number;

  constructor(charsMax: number, markChars: number) {
    this.#left = charsMax - markChars;
  }

  /** False, and nothing taken, when the line does not fit. */
  take(line: string): boolean {
    if (line.length + 1 > this.#left) return false;
    this.#left -= line.length + 1;
    this.#lines.push(line);
    return true;
  }

  get count(): number {
    return this.#lines.length;
  }

  output(mark?: string): ToolOutput {
    return mark === undefined ? { text: this.#lines.join('\n') } : { text: [...this.#lines, mark].join('\n'), truncated: true };
  }
}
