import { applyPatch, formatPatch, parsePatch, reversePatch, type StructuredPatch, structuredPatch } from 'diff';
import type { FilePatch, Patcher } from '../../actors/ports/patcher.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';

/** Beyond this many changed lines, or this much time, a file is shown as replaced as a whole: the best diff may cost minutes. */
const editLengthMax = 5_000;
const diffMs = 1_000;
const contextLines = 3;
const noFile = '/dev/null';

/** One file's part of a git-style patch. `undefined` = the file is not there on that side. */
export function formatFilePatch(path: string, before: string | undefined, after: string | undefined): string {
  const [from, to] = [before ?? '', after ?? ''];
  const computed = structuredPatch(`a/${path}`, `b/${path}`, from, to, undefined, undefined, {
    context: contextLines,
    maxEditLength: editLengthMax,
    timeout: diffMs,
  });
  const patch: StructuredPatch = computed ?? replaced(path, from, to);
  patch.isGit = true;
  if (before === undefined) {
    patch.isCreate = true;
    patch.oldFileName = noFile;
  } else if (after === undefined) {
    patch.isDelete = true;
    patch.newFileName = noFile;
  }
  // GNU patch removes an empty file only when the index line says that it was empty (git's name of the empty blob).
  const text = formatPatch(patch) + (after === undefined && before === '' ? 'index e69de29..0000000\n' : '');
  // GNU patch reads an unquoted name up to its first blank, unless a tab ends it; git writes that tab too.
  return path.includes(' ') ? text.replace(/^--- (a\/.*)$/m, '--- $1\t').replace(/^\+\+\+ (b\/.*)$/m, '+++ $1\t') : text;
}

function replaced(path: string, from: string, to: string): StructuredPatch {
  const removed = linesOf(from, '-');
  const added = linesOf(to, '+');
  const count = (lines: readonly string[]): number => lines.filter((line) => !line.startsWith('\\')).length;
  const hunk = { oldStart: 1, oldLines: count(removed), newStart: 1, newLines: count(added), lines: [...removed, ...added] };
  return { oldFileName: `a/${path}`, newFileName: `b/${path}`, oldHeader: undefined, newHeader: undefined, hunks: [hunk] };
}

function linesOf(text: string, sign: '-' | '+'): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const ended = lines.at(-1) === '';
  if (ended) lines.pop();
  const signed = lines.map((line) => sign + line);
  return ended ? signed : [...signed, '\\ No newline at end of file'];
}

export function createPatcher(): Patcher {
  return {
    parse(patch) {
      const files = parseLeniently(patch).filter((file) => file.hunks.length > 0 || file.isCreate || file.isDelete || file.isRename || file.isBinary);
      if (files.length === 0) throw invalid('it holds no hunk; write a unified diff with ---, +++ and @@ lines');
      return files.map(filePatchOf);
    },
  };
}

function filePatchOf(file: StructuredPatch): FilePatch {
  if (file.isRename === true || file.isCopy === true) throw invalid('renames and copies are not supported; delete the one file and add the other');
  if (file.isBinary === true) throw invalid('binary changes are not supported');
  const added = file.isCreate === true || file.oldFileName === noFile;
  const deleted = file.isDelete === true || file.newFileName === noFile;
  const [from, to] = [nameOf(file.oldFileName), nameOf(file.newFileName)];
  if (!added && !deleted && from !== to && from !== undefined && to !== undefined) throw invalid(`it renames ${from} to ${to}; renames are not supported`);
  const lines = file.hunks.flatMap((hunk) => hunk.lines);
  return {
    path: deleted ? from : (to ?? from),
    change: added ? 'added' : deleted ? 'deleted' : 'modified',
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
    apply: (text) => applied(text, file),
    revert: (text) => applied(text, reversePatch(file)),
  };
}

function applied(text: string, patch: StructuredPatch): string | undefined {
  const result = applyPatch(text, patch);
  return result === false ? undefined : result;
}

function nameOf(name: string | undefined): string | undefined {
  return name === noFile ? undefined : name?.trim().replace(/^[ab]\//, '');
}

/** Models often miscount the lines of a hunk; the lines themselves say how many there are. */
function parseLeniently(patch: string): StructuredPatch[] {
  const text = patch.endsWith('\n') ? patch : `${patch}\n`;
  try {
    return parsePatch(text);
  } catch {
    try {
      return parsePatch(recount(text));
    } catch (cause) {
      throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
}

function recount(patch: string): string {
  const lines = patch.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const isStart = (at: number): boolean => {
    const line = lines[at] ?? '';
    return (
      line.startsWith('@@ ') ||
      line.startsWith('diff --git ') ||
      line.startsWith('Index: ') ||
      (line.startsWith('--- ') && (lines[at + 1] ?? '').startsWith('+++ '))
    );
  };
  for (let at = 0; at < lines.length; at++) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(lines[at] ?? '');
    if (header === null) continue;
    let [before, after] = [0, 0];
    for (let inside = at + 1; inside < lines.length && !isStart(inside); inside++) {
      const line = lines[inside] ?? '';
      // An empty context line often loses its blank.
      if (line === '') lines[inside] = ' ';
      if (!line.startsWith('+') && !line.startsWith('\\')) before++;
      if (!line.startsWith('-') && !line.startsWith('\\')) after++;
    }
    lines[at] = `@@ -${header[1]},${before} +${header[2]},${after} @@`;
  }
  return `${lines.join('\n')}\n`;
}

function invalid(why: string, cause?: unknown): FlockworkError {
  return new FlockworkError('tool_input_invalid', `The patch cannot be used: ${why}`, cause === undefined ? {} : { cause });
}
