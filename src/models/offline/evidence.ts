import type { Answered, Brief } from './brief.ts';
import { holds } from './terms.ts';
import { argumentOf } from './tool-arguments.ts';

export interface Hit {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** All that the tools have shown so far. Every citation comes from here. */
export interface Evidence {
  /** Lines that hold a term, by path and line. */
  readonly hits: readonly Hit[];
  /** Lines that were read, by path. */
  readonly files: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Paths that were listed; folders end in `/`. */
  readonly listed: readonly string[];
  /** What was cut or failed, a sentence each. */
  readonly notes: readonly string[];
  readonly searches: number;
  readonly reads: number;
  readonly lists: number;
}

const hitLine = /^(.+?):(\d+): ?(.*)$/;
const readLine = /^ *(\d+)\t(.*)$/;
const notLookedAt = /passed over|could not be read|stopped after/;
/** Hits beyond it are counted, not kept. */
const hitsMax = 5_000;
const notesMax = 12;

function normalised(path: string): string {
  return path.replace(/^(?:\.\/)+/, '').replaceAll(/\/{2,}/g, '/');
}

/** The lines of an answer without the mark that says it was cut. */
function linesOf(text: string, shape: RegExp): { lines: string[]; cut: string | undefined } {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  while (lines.at(-1) === '') lines.pop();
  const last = lines.at(-1);
  const cut = last?.startsWith('[') === true && !shape.test(last);
  // Alone, such a line says that there is nothing, unless it says what was not looked at.
  const told = lines.length > 1 || (last !== undefined && notLookedAt.test(last));
  return { lines: cut ? lines.slice(0, -1) : lines, cut: cut && told ? last.replace(/^\[|\]$/g, '') : undefined };
}

class Collector {
  readonly hits = new Map<string, Hit>();
  readonly files = new Map<string, Map<number, string>>();
  readonly listed = new Set<string>();
  readonly notes = new Set<string>();
  readonly #brief: Brief;
  readonly #focus: ReadonlySet<string>;
  #over = 0;

  constructor(brief: Brief) {
    this.#brief = brief;
    this.#focus = new Set(brief.focus);
  }

  search(answered: Answered): void {
    const { lines, cut } = linesOf(answered.text, hitLine);
    for (const line of lines) {
      const [, path, number, text] = hitLine.exec(line) ?? [];
      if (path !== undefined && number !== undefined) this.#hit({ path: normalised(path), line: Number(number), text: text ?? '' });
    }
    if (cut !== undefined) this.notes.add(`the search for "${argumentOf(answered.call.input, 'pattern') ?? ''}"${placeOf(answered)} was cut: ${cut}.`);
  }

  read(answered: Answered): void {
    const path = normalised(argumentOf(answered.call.input, 'path') ?? '');
    const { lines, cut } = linesOf(answered.text, readLine);
    const known = this.files.get(path) ?? new Map<number, string>();
    this.files.set(path, known);
    for (const line of lines) {
      const [, number, text] = readLine.exec(line) ?? [];
      if (number === undefined) continue;
      known.set(Number(number), text ?? '');
      this.#hit({ path, line: Number(number), text: text ?? '' });
    }
    // A window that was asked for is meant to end.
    if (cut !== undefined && !hasNumber(answered.call.input)) this.notes.add(`${path} was read only in part: ${cut}.`);
  }

  list(answered: Answered): void {
    const folder = normalised(argumentOf(answered.call.input, 'path') ?? '.');
    const { lines, cut } = linesOf(answered.text, /^$/);
    for (const line of lines) {
      const path = normalised(line.trim());
      // Some lists name their entries by the folder they stand in, some by the whole path.
      const whole = folder === '' || folder === '.' || path.startsWith(`${folder.replace(/\/$/, '')}/`) ? path : `${folder.replace(/\/$/, '')}/${path}`;
      if (path !== '') this.listed.add(whole);
    }
    if (cut !== undefined) this.notes.add(`the list of files${placeOf(answered)} was cut: ${cut}.`);
  }

  failed(answered: Answered): void {
    const first = answered.text.split('\n', 1)[0] ?? '';
    this.notes.add(`${answered.call.name}${placeOf(answered)} failed: ${first.slice(0, 200)}`);
  }

  end(): string[] {
    if (this.#over > 0) this.notes.add(`${this.#over} more matching lines were not looked at.`);
    const notes = [...this.notes];
    return notes.length <= notesMax ? notes : [...notes.slice(0, notesMax), `${notes.length - notesMax} more notes of this kind.`];
  }

  #hit(hit: Hit): void {
    if (this.#focus.size > 0 && !this.#focus.has(hit.path)) return;
    if (!holds(hit.text, this.#brief.terms)) return;
    const key = `${hit.path}:${hit.line}`;
    const known = this.hits.get(key);
    if (known === undefined && this.hits.size >= hitsMax) this.#over += 1;
    // A line that was read is whole; the same line from a search may have been cut.
    else if (known === undefined || hit.text.length > known.text.length) this.hits.set(key, hit);
  }
}

function hasNumber(input: unknown): boolean {
  return typeof input === 'object' && input !== null && Object.values(input).some((value) => typeof value === 'number');
}

function placeOf(answered: Answered): string {
  const path = argumentOf(answered.call.input, 'path');
  return path === undefined || path === '' || path === '.' ? '' : ` in ${path}`;
}

export function evidenceOf(brief: Brief): Evidence {
  const collector = new Collector(brief);
  const all = brief.rounds.flat();
  for (const answered of all) {
    if (!answered.ok) collector.failed(answered);
    else if (answered.call.name === 'fs.search') collector.search(answered);
    else if (answered.call.name === 'fs.read') collector.read(answered);
    else if (answered.call.name === 'fs.list') collector.list(answered);
  }
  const count = (name: string): number => brief.rounds.filter((round) => round.some(({ call }) => call.name === name)).length;
  return {
    hits: [...collector.hits.values()],
    files: collector.files,
    listed: [...collector.listed],
    notes: collector.end(),
    searches: count('fs.search'),
    reads: count('fs.read'),
    lists: count('fs.list'),
  };
}
