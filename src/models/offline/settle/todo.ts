import type { SourceFile } from './source-file.ts';

/** What a TODO asks for, where its text names a change that needs no judgement. */
export type Order =
  | { readonly type: 'rename'; readonly from: string | undefined; readonly to: string }
  | { readonly type: 'remove'; readonly debug: boolean }
  | { readonly type: 'const' }
  | { readonly type: 'replace'; readonly from: string; readonly to: string };

/** A TODO with the line of code that it speaks of. */
export interface Todo {
  readonly path: string;
  readonly line: number;
  /** The line as it stands in the file. */
  readonly text: string;
  readonly order: Order;
  /** The line that is to change. */
  readonly target: number;
  /** What is left of the TODO's own line; null when the line goes. */
  readonly rest: string | null;
}

export interface LeftAlone {
  readonly why: string;
}

const marker = /^(.*?)\s*(?:\/\/|#|--|\/\*+|<!--)\s*(?:TODO|FIXME)\b(?:\([^)]*\))?\s*:?\s*(.*?)\s*(?:\*\/|-->)?\s*$/;
const commentLine = /^\s*(?:\/\/|#(?!!)|--|\/?\*|<!--)/;
const word = '[`"\']?([A-Za-z_$][\\w$]*)[`"\']?';
const quoted = '(?:`([^`]+)`|"([^"]+)"|\'([^\']+)\')';
const end = '(?=[\\s.,;:)]|$)';

const renameOrder = new RegExp(
  `^rename\\s+(?:(?:this|the)\\s+)?(?:(?:function|variable|constant|class|type|parameter)\\s+)?(?:${word}\\s+)?(?:to|into|->|→)\\s+${word}${end}`,
  'i',
);
const removeOrder = new RegExp(
  `^(?:remove|delete|drop)\\s+(?:this|the)\\s+((?:debug(?:ging)?|log(?:ging)?|print)\\s+)?(?:line|output|statement|call|log|print)(?:\\s+below)?${end}`,
  'i',
);
const constOrder = new RegExp(
  `^(?:use|make\\s+(?:this|it)(?:\\s+a)?|should\\s+be(?:\\s+a)?|let\\s*(?:->|→)|change\\s+(?:let\\s+)?to)\\s+[\`"']?const[\`"']?(?:\\s+here|\\s+instead\\s+of\\s+let)?${end}`,
  'i',
);
const replaceOrder = new RegExp(`^(?:replace|change)\\s+${quoted}\\s+(?:with|by|to)\\s+${quoted}${end}`, 'i');
const insteadOrder = /^use\s+[`"']?([^\s`"']+)[`"']?\s+instead\s+of\s+[`"']?([^\s`"']+?)[`"']?(?=[\s.,;:]|$)/i;
/** What follows makes the change depend on something that the text does not settle. */
const condition = /\b(?:when|once|after|before|if|unless|until|as soon as|and|or|then|maybe|perhaps|probably|everywhere|also)\b/i;

const noOrder = 'its text names no change that can be made without judgement';

/** Reads the TODO of a line. */
export function todoAt(file: SourceFile, line: number): Todo | LeftAlone {
  const text = file.line(line) ?? '';
  const [, before = '', said = ''] = marker.exec(text) ?? [];
  if (said === '') return { why: 'no comment with a TODO stands in this line' };
  const read = orderOf(said);
  if ('why' in read) return read;
  const base = { path: file.path, line, text, order: read };
  if (before.trim() !== '') return { ...base, target: line, rest: before };
  const next = file.line(line + 1);
  if (next === undefined || next.trim() === '') return { why: 'no line of code follows it' };
  if (commentLine.test(next)) return { why: 'the comment goes on in the next line' };
  return { ...base, target: line + 1, rest: null };
}

function orderOf(said: string): Order | LeftAlone {
  for (const read of [rename, remove, constant, replace, instead]) {
    const found = read(said);
    if (found === undefined) continue;
    const rest = said.slice(found.length);
    const depends = condition.exec(rest.split(/[;.]\s/, 1)[0] ?? '')?.[0];
    return depends === undefined ? found.order : { why: `it says more than the change: "${rest.trim()}"` };
  }
  return { why: noOrder };
}

interface Found {
  readonly order: Order;
  /** Characters of the text that say it. */
  readonly length: number;
}

function rename(said: string): Found | undefined {
  const match = renameOrder.exec(said);
  const [whole, from, to] = match ?? [];
  return whole === undefined || to === undefined ? undefined : { order: { type: 'rename', from, to }, length: whole.length };
}

function remove(said: string): Found | undefined {
  const match = removeOrder.exec(said);
  return match === null ? undefined : { order: { type: 'remove', debug: match[1] !== undefined }, length: match[0].length };
}

function constant(said: string): Found | undefined {
  const match = constOrder.exec(said);
  return match === null ? undefined : { order: { type: 'const' }, length: match[0].length };
}

function replace(said: string): Found | undefined {
  const match = replaceOrder.exec(said);
  if (match === null) return undefined;
  const [from, to] = [match.slice(1, 4), match.slice(4, 7)].map((group) => group.find((text) => text !== undefined) ?? '');
  return { order: { type: 'replace', from: from ?? '', to: to ?? '' }, length: match[0].length };
}

function instead(said: string): Found | undefined {
  const [whole, to, from] = insteadOrder.exec(said) ?? [];
  if (whole === undefined || to === undefined || from === undefined || /^[A-Za-z]+$/.test(from)) return undefined;
  return { order: { type: 'replace', from, to }, length: whole.length };
}
