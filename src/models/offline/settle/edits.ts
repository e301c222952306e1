/** One line of a file that becomes another, or goes (`text: null`). */
export interface Edit {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly before: string;
  readonly text: string | null;
}

/** Lines shown around a change. */
const contextLines = 3;

/** The edits of some files as one unified diff; `lines` are the files as they stand. */
export function unifiedDiff(edits: readonly Edit[], linesOf: (path: string) => readonly string[]): string {
  const byPath = Map.groupBy(edits, ({ path }) => path);
  return [...byPath]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, own]) => [`--- a/${path}`, `+++ b/${path}`, ...hunksOf(own, linesOf(path)), ''].join('\n'))
    .join('');
}

function hunksOf(edits: readonly Edit[], lines: readonly string[]): string[] {
  const byLine = new Map(edits.map((edit) => [edit.line, edit]));
  const numbers = [...byLine.keys()].sort((a, b) => a - b);
  const groups: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = groups.at(-1);
    if (last !== undefined && number - last.to <= 2 * contextLines) last.to = number;
    else groups.push({ from: number, to: number });
  }
  let shift = 0;
  return groups.flatMap(({ from, to }) => {
    const [first, last] = [Math.max(1, from - contextLines), Math.min(lines.length, to + contextLines)];
    const body: string[] = [];
    let removed = 0;
    for (let number = first; number <= last; number++) {
      const edit = byLine.get(number);
      if (edit === undefined) body.push(` ${lines[number - 1] ?? ''}`);
      else if (edit.text === null) removed += body.push(`-${edit.before}`) > 0 ? 1 : 0;
      else body.push(`-${edit.before}`, `+${edit.text}`);
    }
    const before = last - first + 1;
    const head = `@@ -${first},${before} +${first + shift},${before - removed} @@`;
    shift -= removed;
    return [head, ...body];
  });
}
