import type { Edit } from './edits.ts';
import type { Occurrence, SourceFile } from './source-file.ts';
import type { LeftAlone, Todo } from './todo.ts';

export interface Change {
  readonly edits: readonly Edit[];
  /** The change in one sentence, without its place. */
  readonly what: string;
}

const declaration = /\b(?:function\s*\*?|const|let|var|class|interface|type|enum)\s+$/;
const declaredName = /^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\s*\*?|const|let|var|class|interface|type|enum)\s+([A-Za-z_$][\w$]*)/;

/** The name that the line below a TODO declares. */
export function declaredIn(file: SourceFile, line: number): string | undefined {
  return declaredName.exec(file.line(line) ?? '')?.[1];
}

/**
 * Renames a name wherever the workspace uses it, or says why that cannot be told from the text alone: a property, a key, a string or a second
 * declaration may be something else of the same name. `files` are all that hold the old name.
 */
export function renamed(todo: Todo, from: string, to: string, files: readonly SourceFile[]): Change | LeftAlone {
  const all: { file: SourceFile; at: Occurrence }[] = [];
  const texts: string[] = [];
  let declarations = 0;
  for (const file of files) {
    for (const at of file.occurrences(from)) {
      const kind = file.kindAt(at.index);
      if (kind === 'comment' || (at.path === todo.path && at.line === todo.line && todo.rest === null)) continue;
      const place = `${at.path}:${at.line}`;
      if (!file.isScript) {
        texts.push(place);
        continue;
      }
      if (kind === 'string') return { why: `${from} also stands in a string or template (${place})` };
      const doubt = doubtOf(file, at, from);
      if (doubt !== undefined) return { why: `${from} is also ${doubt} (${place})` };
      if (declaration.test(file.text.slice(Math.max(0, at.index - 40), at.index))) declarations += 1;
      all.push({ file, at });
    }
    const taken = file.isScript ? file.occurrences(to).find((at) => file.kindAt(at.index) === 'code') : undefined;
    if (taken !== undefined) return { why: `${to} is taken already (${taken.path}:${taken.line})` };
  }
  if (declarations === 0) return { why: `no line declares ${from}` };
  if (declarations > 1) return { why: `${from} is declared ${declarations} times` };
  const edits = renameEdits(all, from, to, todo);
  const lines = edits.length;
  const paths = new Set(edits.map(({ path }) => path)).size;
  const stale = texts.length === 0 ? '' : `; ${texts.join(', ')} names it too and is left as it is`;
  return { edits, what: `rename \`${from}\` to \`${to}\` in ${lines} line${lines === 1 ? '' : 's'} of ${paths} file${paths === 1 ? '' : 's'}${stale}` };
}

function renameEdits(all: readonly { file: SourceFile; at: Occurrence }[], from: string, to: string, todo: Todo): Edit[] {
  const byLine = Map.groupBy(all, ({ at }) => `${at.path}:${at.line}`);
  return [...byLine.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { path, line } = first.at;
    const before = first.file.line(line) ?? '';
    const from0 = path === todo.path && line === todo.line && todo.rest !== null ? todo.rest : before;
    const text = group
      .map(({ at }) => at.column)
      .toSorted((a, b) => b - a)
      .reduce((current, column) => `${current.slice(0, column)}${to}${current.slice(column + from.length)}`, from0);
    return [{ path, line, before, text }];
  });
}

/** What else an occurrence may be than a use of the name. */
function doubtOf(file: SourceFile, { index }: Occurrence, name: string): string | undefined {
  const before = file.text.slice(Math.max(0, index - 60), index);
  const after = file.text.slice(index + name.length, index + name.length + 60);
  if (/(?:[^.]\.|\?\.|#)\s*$/.test(before) || /^\.\s*$/.test(before)) return 'a property';
  if (/^\s*\??:/.test(after)) return 'a key or a parameter';
  if (/\bas\s+$/.test(before)) return 'a name given to an import';
  if (/[{,]\s*$/.test(before) && /^\s*[,}=]/.test(after) && isShorthand(file, index)) return 'a key of an object';
  if (/[{,]\s*$/.test(before) && /^\s*\(/.test(after) && /\)\s*(?::[^{=]*)?\{/.test(after) && isShorthand(file, index)) return 'a method';
  return undefined;
}

/** Whether the innermost bracket that is open here is a brace, and not that of an import or export. */
function isShorthand(file: SourceFile, index: number): boolean {
  let depth = 0;
  for (let at = index - 1; at >= 0; at--) {
    if (file.kindAt(at) !== 'code') continue;
    const char = file.text[at];
    if (char === ')' || char === ']' || char === '}') depth += 1;
    else if ((char === '(' || char === '[' || char === '{') && depth > 0) depth -= 1;
    else if (char === '{') return !/\b(?:import|export)\s+(?:type\s+)?(?:[\w$]+\s*,\s*)?$/.test(file.text.slice(Math.max(0, at - 80), at));
    else if (char === '(' || char === '[') return false;
  }
  return false;
}
