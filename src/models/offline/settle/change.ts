import type { Edit } from './edits.ts';
import { type Change, declaredIn, renamed } from './rename.ts';
import { escaped, type SourceFile } from './source-file.ts';
import type { LeftAlone, Todo } from './todo.ts';

const debugging = /\b(?:console\.\w+|debugger|print|println|printf|dump|var_dump|logger\.debug|log\.debug|fmt\.Print\w*|System\.out\.\w+)\b/;
/** Lines that declare something or steer what comes after them. */
const steering =
  /^\s*(?:import|export|from|const|let|var|function|class|def|return|throw|if|elif|for|while|do|switch|else|case|default|try|catch|finally|with|[})\]])/;
/** How a line ends behind which a new statement begins. */
const beforeStatement = /(?:[;{}]|\*\/|^)\s*$/;

/** Every file that holds a name, as far as it was read. */
export type FilesWith = (name: string) => readonly SourceFile[];

/** The name that a rename is about; undefined when it is no rename, or names nothing. */
export function renameOf(todo: Todo, file: SourceFile): { readonly from: string; readonly to: string } | undefined {
  if (todo.order.type !== 'rename') return undefined;
  const from = todo.order.from ?? declaredIn(file, todo.target);
  return from === undefined ? undefined : { from, to: todo.order.to };
}

/** The edits that settle a TODO, its comment included, or why it is left alone. */
export function changeOf(todo: Todo, file: SourceFile, filesWith: FilesWith): Change | LeftAlone {
  const altered = file.alteredLine();
  if (altered !== undefined) return { why: `line ${altered} of the file was shown cut or masked, so it cannot be changed safely` };
  const own = ownChange(todo, file, filesWith);
  if ('why' in own) return own;
  const edits = own.edits.some((edit) => edit.path === todo.path && edit.line === todo.line) ? own.edits : [...own.edits, withoutTodo(todo)];
  return { ...own, edits };
}

function withoutTodo({ path, line, text, rest }: Todo): Edit {
  return { path, line, before: text, text: rest };
}

function ownChange(todo: Todo, file: SourceFile, filesWith: FilesWith): Change | LeftAlone {
  switch (todo.order.type) {
    case 'rename': {
      const name = renameOf(todo, file);
      if (!file.isScript) return { why: 'names are told apart in JavaScript and TypeScript only' };
      return name === undefined ? { why: 'the line below declares no name' } : renamed(todo, name.from, name.to, filesWith(name.from));
    }
    case 'remove':
      return removed(todo, file, todo.order.debug);
    case 'const':
      return made(todo, file);
    case 'replace':
      return replaced(todo, todo.order.from, todo.order.to, file);
  }
}

/** The line to be changed, without the TODO when both stand in one line. */
function targetOf(todo: Todo, file: SourceFile): string {
  return todo.rest ?? file.line(todo.target) ?? '';
}

function change(todo: Todo, file: SourceFile, text: string | null, what: string): Change {
  return { edits: [{ path: todo.path, line: todo.target, before: file.line(todo.target) ?? '', text }], what };
}

function removed(todo: Todo, file: SourceFile, debug: boolean): Change | LeftAlone {
  const target = targetOf(todo, file);
  const next = file.line(todo.target + 1) ?? '';
  const previous = file.isScript ? file.codeOf(Math.min(todo.line, todo.target) - 1).trimEnd() : '';
  if (debug && !debugging.test(target)) return { why: 'the line does not look like debug output' };
  if (steering.test(target)) return { why: 'the line declares something, or steers what comes after it' };
  if (!isBalanced(target) || /^\s*[.?:)\]}&|+]/.test(next) || /[,({[=+&|?:]\s*$/.test(target)) return { why: 'the statement goes on in the next line' };
  if (!file.isScript && /:\s*$/.test(file.line(Math.min(todo.line, todo.target) - 1) ?? '')) return { why: 'the block may be empty without the line' };
  if (!beforeStatement.test(previous)) return { why: 'the line belongs to the statement before it' };
  return change(todo, file, null, `remove \`${target.trim()}\``);
}

function made(todo: Todo, file: SourceFile): Change | LeftAlone {
  if (!file.isScript) return { why: 'const is of JavaScript and TypeScript only' };
  const target = targetOf(todo, file);
  const [, name] = /^\s*(?:export\s+)?let\s+([A-Za-z_$][\w$]*)\s*(?::[^=]+)?=/.exec(target) ?? [];
  if (name === undefined) return { why: 'the line declares no variable with let and a value' };
  if (hasSecondDeclarator(target)) return { why: 'the line declares several variables' };
  const again = reassigned(file, name, todo.target);
  if (again !== undefined) return { why: `${name} is assigned again in line ${again}` };
  return change(todo, file, target.replace(/\blet\b/, 'const'), `\`let ${name}\` becomes \`const ${name}\``);
}

function hasSecondDeclarator(line: string): boolean {
  let depth = 0;
  for (const char of line.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`/g, '')) {
    if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    else if (char === ',' && depth === 0) return true;
  }
  return /,\s*$/.test(line);
}

/** A line that gives the name another value, as far as that can be seen in the file; a second variable of that name counts too. */
function reassigned(file: SourceFile, name: string, declared: number): number | undefined {
  const n = `(?<![\\w$.])${escaped(name)}(?![\\w$])`;
  const patterns = [
    new RegExp(`${n}\\s*(?:[-+*/%&|^]|\\*\\*|<<|>>>?|&&|\\|\\||\\?\\?)?=(?![=>])`),
    new RegExp(`${n}\\s*(?:\\+\\+|--)|(?:\\+\\+|--)\\s*${n}`),
    new RegExp(`[[{,]\\s*(?:\\.\\.\\.)?${n}\\s*(?:[,=][^\\]}]*)?[\\]}]\\s*\\)?\\s*=(?![=>])`),
    new RegExp(`\\(\\s*${n}\\s+(?:of|in)\\b`),
  ];
  for (let line = 1; line <= file.lines.length; line++) {
    const code = file.codeOf(line);
    if (line !== declared && patterns.some((pattern) => pattern.test(code))) return line;
  }
  return undefined;
}

function replaced(todo: Todo, from: string, to: string, file: SourceFile): Change | LeftAlone {
  const target = targetOf(todo, file);
  const signs = '[=!<>+\\-*/%&|^~?]';
  const left = /^[\w$]/.test(from) ? '(?<![\\w$])' : new RegExp(`^${signs}`).test(from) ? `(?<!${signs})` : '';
  const right = /[\w$]$/.test(from) ? '(?![\\w$])' : new RegExp(`${signs}$`).test(from) ? `(?!${signs})` : '';
  const found = [...target.matchAll(new RegExp(`${left}${escaped(from)}${right}`, 'g'))];
  const [only] = found;
  if (only === undefined) return { why: `the line does not hold ${from}` };
  if (found.length > 1) return { why: `the line holds ${from} ${found.length} times` };
  const text = `${target.slice(0, only.index)}${to}${target.slice(only.index + from.length)}`;
  return change(todo, file, text, `replace \`${from}\` with \`${to}\``);
}

function isBalanced(line: string): boolean {
  const pairs: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
  const open: string[] = [];
  for (const char of line.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '')) {
    if ('([{'.includes(char)) open.push(char);
    else if (pairs[char] !== undefined && open.pop() !== pairs[char]) return false;
  }
  return open.length === 0;
}
