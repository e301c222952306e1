import { SourceMap } from './source-map.ts';

/** An occurrence of a word. */
export interface Occurrence {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** In the line, counted from 0. */
  readonly column: number;
  /** In the text, counted from 0. */
  readonly index: number;
}

const scriptFile = /\.[cm]?[jt]sx?$/i;
/** Bytes that only a tool puts there: a line that was cut or masked, so the file is not known as it is. */
const altered = / \[…\d+ more characters\]$|\[redacted:[a-z-]+\]/;

/** A file that was read from its first line to its last. */
export class SourceFile {
  readonly path: string;
  readonly lines: readonly string[];
  readonly text: string;
  /** Written in a language whose strings and comments are told apart here. */
  readonly isScript: boolean;
  readonly #map: SourceMap;
  readonly #starts: readonly number[];

  constructor(path: string, lines: readonly string[]) {
    this.path = path;
    this.lines = lines;
    this.text = lines.join('\n');
    this.isScript = scriptFile.test(path);
    this.#map = new SourceMap(this.isScript ? this.text : '');
    let start = 0;
    this.#starts = lines.map((line) => {
      const own = start;
      start += line.length + 1;
      return own;
    });
  }

  line(number: number): string | undefined {
    return this.lines[number - 1];
  }

  /** A line was shown otherwise than it stands in the file. */
  alteredLine(): number | undefined {
    const at = this.lines.findIndex((line) => altered.test(line));
    return at < 0 ? undefined : at + 1;
  }

  kindAt(index: number): ReturnType<SourceMap['at']> {
    return this.#map.at(index);
  }

  /** A line with what is no code replaced by blanks. */
  codeOf(number: number): string {
    const start = this.#starts[number - 1] ?? 0;
    return (this.line(number) ?? '')
      .split('')
      .map((char, at) => (this.kindAt(start + at) === 'code' ? char : ' '))
      .join('');
  }

  occurrences(word: string): Occurrence[] {
    const pattern = new RegExp(`(?<![\\w$])${escaped(word)}(?![\\w$])`, 'g');
    return this.lines.flatMap((line, at) =>
      [...line.matchAll(pattern)].map(({ index }) => ({ path: this.path, line: at + 1, column: index, index: (this.#starts[at] ?? 0) + index })),
    );
  }
}

export function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
