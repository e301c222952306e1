import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolBounds } from './bounds.ts';
import { defineTool, type Tool, type ToolDefinition, type ToolOutput } from './define-tool.ts';
import { compileGlob } from './glob.ts';
import { findInside, openFound, relativePath } from './inside.ts';
import type { LeakScan } from './leak-scan.ts';
import { createLineMatcher, type LineMatcher } from './line-matcher.ts';
import { isBinary, linesOf, readBytes } from './text-file.ts';
import { cutAt, cutLine, LineBudget } from './truncate.ts';
import { walk } from './walk.ts';

const limitDefault = 100;
const markChars = 400;
/** Files read at the same time and matched in one go. */
const filesAtOnce = 16;
/** Text matched in one go. */
const scanCharsMax = 1_048_576;
/** Names shown of the files that were passed over. */
const namesShown = 3;

const input = z.strictObject({
  query: z.string().min(1).max(1_000).describe('Text to find in a line; with regex=true a JavaScript regular expression.'),
  regex: z.boolean().optional(),
  ignoreCase: z.boolean().optional().describe('Default false.'),
  path: z.string().max(4_096).optional().describe('Folder or file to search, from the top of the workspace. Default: everything.'),
  glob: z.string().min(1).max(256).optional().describe('Search only files that match, such as *.ts or src/**/*.ts.'),
  context: z.int().min(0).max(10).optional().describe('Lines to show before and after each match. Default 0.'),
  limit: z.int().min(1).max(1_000).optional().describe(`Matches to show. Default ${limitDefault}.`),
});

export const fsSearchDefinition = {
  name: 'fs.search',
  description:
    'Finds lines in the text files of the workspace. Each match is `path:line: text`, in order of path and line; with context, lines around it are `path-line- text`. Binary files are passed over.',
  input,
  repeatable: true,
  parallel: true,
  writes: false,
} satisfies ToolDefinition<typeof input>;

interface Candidate {
  readonly path: string;
  readonly full: string;
}

interface Searched {
  readonly path: string;
  readonly chars: number;
  readonly lines: readonly string[];
}

export function createFsSearch(bounds: ToolBounds, leaks: LeakScan): Tool {
  const { outputCharsMax, searchFileBytesMax, lineCharsMax, walkEntriesMax, regexMs } = bounds;
  return defineTool({
    ...fsSearchDefinition,
    async run({ query, regex = false, ignoreCase = false, path, glob, context = 0, limit = limitDefault }, { workspace, signal }) {
      const base = relativePath(path);
      const matcher = createLineMatcher({ query, regex, ignoreCase, regexMs });
      const matches = glob === undefined ? undefined : compileGlob(glob);
      const place = await findInside(await workspace.read(), base);
      const report = new Report({ outputCharsMax, limit, context, cut: (line) => cutLine(line, lineCharsMax, leaks.redact) });
      const tooLarge: string[] = [];
      const unreadable: string[] = [];
      let files = 0;

      const searchBatch = async (batch: readonly Candidate[]): Promise<boolean> => {
        signal.throwIfAborted();
        files += batch.length;
        const read = await Promise.all(batch.map((candidate) => readText(place.root, candidate, matcher)));
        const searched: Searched[] = [];
        for (const [index, text] of read.entries()) {
          const name = batch[index]?.path ?? '';
          if (text === 'too large') tooLarge.push(name);
          // A key over many lines must be seen as one before lines are picked out of it.
          else if (text !== undefined) searched.push({ path: name, chars: text.length, lines: leaks.maskKeys(linesOf(text)) });
        }
        for (const part of inParts(searched)) {
          const found = matcher.scan(part.map((file) => file.lines.map((line) => cutAt(line, lineCharsMax))));
          if (!part.every((file, index) => report.add(file, found[index] ?? []))) return false;
        }
        return true;
      };
      const readText = async (root: string, { full, path: name }: Candidate, { mayMatch }: LineMatcher): Promise<string | 'too large' | undefined> => {
        const handle = await openFound(root, full, name).catch((error: unknown) => {
          if (!(error instanceof FlockworkError)) throw error;
          unreadable.push(name);
        });
        if (handle === undefined) return undefined;
        try {
          const { bytes, size } = await readBytes(handle, searchFileBytesMax + 1);
          if (isBinary(bytes)) return undefined;
          if (size > searchFileBytesMax) return 'too large';
          const text = new TextDecoder().decode(bytes);
          return mayMatch(text) ? text : undefined;
        } finally {
          await handle.close();
        }
      };

      let [batch, visited, more, capped]: [Candidate[], number, boolean, boolean] = [[], 0, true, false];
      for await (const entry of candidates(place.full, base)) {
        if (++visited > walkEntriesMax) {
          capped = true;
          break;
        }
        const within = base === '' || entry.path === base ? entry.path : entry.path.slice(base.length + 1);
        if (entry.kind !== 'file' || (matches !== undefined && !matches(within))) continue;
        batch.push(entry);
        if (batch.length < filesAtOnce) continue;
        more = await searchBatch(batch);
        batch = [];
        if (!more) break;
      }
      if (more && batch.length > 0) await searchBatch(batch);

      const notes: string[] = [];
      if (capped) notes.push(`stopped after ${walkEntriesMax} entries; search a folder with path`);
      if (tooLarge.length > 0)
        notes.push(`${tooLarge.length} files above ${searchFileBytesMax} bytes passed over, such as ${tooLarge.slice(0, namesShown).join(', ')}`);
      if (unreadable.length > 0) notes.push(`${unreadable.length} files could not be read, such as ${unreadable.slice(0, namesShown).join(', ')}`);
      return report.output(notes, `[no line matches in ${files} files]`);
    },
  });
}

/** Parts small enough that no honest regular expression meets its time bound. */
function* inParts(files: readonly Searched[]): Generator<readonly Searched[]> {
  let part: Searched[] = [];
  let chars = 0;
  for (const file of files) {
    if (part.length > 0 && chars + file.chars > scanCharsMax) {
      yield part;
      [part, chars] = [[], 0];
    }
    part.push(file);
    chars += file.chars;
  }
  if (part.length > 0) yield part;
}

async function* candidates(full: string, base: string): AsyncGenerator<Candidate & { kind: string }> {
  if ((await stat(full)).isDirectory()) yield* walk(full, base, () => true);
  else yield { path: base, full, kind: 'file' };
}

/** Collects matches until the limit or the room is used up. */
class Report {
  readonly #lines: LineBudget;
  readonly #cut: (line: string) => string;
  readonly #limit: number;
  readonly #context: number;
  #matches = 0;
  #full: string | undefined;

  constructor({ outputCharsMax, limit, context, cut }: { outputCharsMax: number; limit: number; context: number; cut: (line: string) => string }) {
    this.#lines = new LineBudget(outputCharsMax, markChars);
    this.#cut = cut;
    this.#limit = limit;
    this.#context = context;
  }

  /** False when nothing more can be shown. */
  add({ path, lines }: Searched, found: readonly number[]): boolean {
    const wanted = new Set(found);
    let shownUpTo = -1;
    for (const index of found) {
      if (this.#matches >= this.#limit) this.#full = `more lines match than limit=${this.#limit}; narrow query, path or glob, or raise limit`;
      for (let at = Math.max(shownUpTo + 1, index - this.#context); this.#full === undefined && at <= Math.min(lines.length - 1, index + this.#context); at++) {
        // The next match shows its own context, up to its limit.
        if (at > index && wanted.has(at)) break;
        const text = this.#cut(lines[at] ?? '');
        const line = at === index ? `${path}:${at + 1}: ${text}` : `${path}-${at + 1}- ${text}`;
        if (!this.#lines.take(line)) this.#full = `only ${this.#matches} matches fit; narrow query, path or glob`;
        else if (at === index) this.#matches++;
        shownUpTo = at;
      }
      if (this.#full !== undefined) return false;
    }
    return true;
  }

  output(notes: readonly string[], nothing: string): ToolOutput {
    const all = this.#full === undefined ? notes : [this.#full, ...notes];
    if (all.length > 0) return this.#lines.output(cutAt(`[${all.join('; ')}]`, markChars));
    return this.#lines.count === 0 ? { text: nothing } : this.#lines.output();
  }
}
