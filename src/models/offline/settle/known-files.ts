import type { Answered, Brief } from '../brief.ts';
import { argumentOf } from '../tool-arguments.ts';
import { SourceFile } from './source-file.ts';

const readLine = /^ *(\d+)\t(.*)$/;
const hitLine = /^(.+?):\d+: /;
/** How often a long file is read on. */
const readsMax = 4;

interface Reading {
  readonly lines: Map<number, string>;
  reads: number;
  /** The last answer was cut. */
  cut: boolean;
  failed: boolean;
}

/** What one search for a name has shown. */
export interface NameSearch {
  readonly paths: readonly string[];
  /** There is more than was shown. */
  readonly cut: boolean;
}

/** The files and searches of earlier rounds, put together. */
export class KnownFiles {
  readonly #readings = new Map<string, Reading>();
  readonly #searches = new Map<string, NameSearch>();
  readonly #files = new Map<string, SourceFile>();

  constructor(brief: Brief) {
    for (const answered of brief.rounds.flat()) {
      if (answered.call.name === 'fs.read') this.#read(answered);
      else if (answered.call.name === 'fs.search') this.#search(answered);
    }
    for (const [path, { lines, cut, failed }] of this.#readings) {
      if (failed || cut) continue;
      const last = Math.max(0, ...lines.keys());
      this.#files.set(
        path,
        new SourceFile(
          path,
          Array.from({ length: last }, (_, at) => lines.get(at + 1) ?? ''),
        ),
      );
    }
  }

  /** A file that is known from its first line to its last. */
  file(path: string): SourceFile | undefined {
    return this.#files.get(path);
  }

  search(pattern: string): NameSearch | undefined {
    return this.#searches.get(pattern);
  }

  /** The line to read a file from next; undefined when it is known whole, or cannot be. */
  nextLine(path: string): number | undefined {
    const reading = this.#readings.get(path);
    if (reading === undefined) return 1;
    if (reading.failed || !reading.cut || reading.reads >= readsMax) return undefined;
    return Math.max(0, ...reading.lines.keys()) + 1;
  }

  #read({ call, ok, text }: Answered): void {
    const path = (argumentOf(call.input, 'path') ?? '').replace(/^(?:\.\/)+/, '');
    const reading = this.#readings.get(path) ?? { lines: new Map<number, string>(), reads: 0, cut: false, failed: false };
    this.#readings.set(path, reading);
    reading.reads += 1;
    reading.failed ||= !ok;
    const lines = text.split('\n');
    for (const line of lines) {
      const [, number, shown] = readLine.exec(line) ?? [];
      if (number !== undefined) reading.lines.set(Number(number), shown ?? '');
    }
    const last = lines.findLast((line) => line !== '') ?? '';
    reading.cut = last.startsWith('[') && reading.lines.size > 0;
  }

  #search({ call, ok, text }: Answered): void {
    const pattern = argumentOf(call.input, 'pattern');
    if (pattern === undefined || !ok) return;
    const lines = text.split('\n').filter((line) => line !== '');
    const paths = new Set(lines.flatMap((line) => hitLine.exec(line)?.[1] ?? []));
    this.#searches.set(pattern, { paths: [...paths].sort(), cut: paths.size > 0 && lines.at(-1)?.startsWith('[') === true });
  }
}
