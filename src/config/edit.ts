import { isDeepStrictEqual } from 'node:util';
import { isTable } from './origin.ts';
import { parseToml, tomlText, tomlValue } from './toml.ts';

type Document = Readonly<Record<string, unknown>>;

/** Lays changes over a document, as RFC 7396 says: tables are merged, null takes a key out, everything else replaces what was there. */
export function merged(document: Document, changes: Document): Record<string, unknown> {
  const result: Record<string, unknown> = { ...document };
  for (const [key, value] of Object.entries(changes)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    if (value === null) delete result[key];
    else
      Object.defineProperty(result, key, {
        value: isTable(value) ? merged(isTable(before) ? before : {}, value) : value,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return result;
}

/** Two changes as one: what the later one says wins, and what either takes out stays taken out. */
export function bothChanges(earlier: Document, later: Document): Document {
  const shared = Object.keys(later).filter((key) => isTable(earlier[key]) && isTable(later[key]));
  const nested = shared.map((key) => [key, bothChanges(earlier[key] as Document, later[key] as Document)]);
  return { ...earlier, ...later, ...Object.fromEntries(nested) };
}

/**
 * The text of a configuration file with changes in it. Lines that have nothing to do with them stay as they are, comments too, wherever that can
 * be: the result is read again, and a text in which the changes cannot be made line by line is written anew from its values.
 */
export function editedToml(text: string, changes: Document, file: string): string {
  const before = parseToml(text, file);
  const after = withoutEmptySections(merged(before, changes));
  const edited = settingsOf(changes).reduce((lines, { path, value }) => withLine(lines, path, value), linesOf(text));
  const candidate = `${edited.join('\n').trimEnd()}\n`;
  return readsAs(candidate, after, file) ? candidate : tomlText(after);
}

function readsAs(text: string, document: Document, file: string): boolean {
  try {
    return isDeepStrictEqual(plain(withoutEmptySections(parseToml(text, file))), plain(document));
  } catch {
    // An edit that broke the syntax is no use; the caller writes the whole file instead.
    return false;
  }
}

function linesOf(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.trimEnd().split('\n');
}

/** A section without a key says nothing. */
function withoutEmptySections(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => !isTable(value) || Object.keys(value).length > 0));
}

/** Without the prototypes that a parser gives its tables. */
function plain(document: Document): unknown {
  return JSON.parse(JSON.stringify(document));
}

/** The values of nested changes, each with the names that lead to it: apart, as names may hold dots. */
function settingsOf(changes: Document, above: readonly string[] = []): readonly { readonly path: readonly string[]; readonly value: unknown }[] {
  return Object.entries(changes).flatMap(([key, value]) => {
    const path = [...above, key];
    return isTable(value) ? settingsOf(value, path) : [{ path, value }];
  });
}

/** One key set or taken out. */
function withLine(lines: readonly string[], path: readonly string[], value: unknown): readonly string[] {
  const name = path.at(-1) ?? '';
  const header = path.slice(0, -1).map(keyText).join('.');
  const start = lines.findIndex((line) => line.replace(/#.*$/, '').trim() === `[${header}]`);
  const setting = value === null ? '' : `${keyText(name)} = ${tomlValue(value)}`;
  if (start < 0) return value === null ? lines : [...lines, ...(lines.length === 0 ? [] : ['']), `[${header}]`, setting];
  const length = lines.slice(start + 1).findIndex((line) => /^\s*\[/.test(line));
  const end = length < 0 ? lines.length : start + 1 + length;
  const at = lines.findIndex((line, index) => index > start && index < end && line.split('=', 1)[0]?.trim() === keyText(name) && line.includes('='));
  if (at >= 0) {
    const comment = /\s+#[^"']*$/.exec(lines[at] ?? '')?.[0] ?? '';
    return value === null ? lines.toSpliced(at, 1) : lines.toSpliced(at, 1, `${setting}${comment}`);
  }
  if (value === null) return lines;
  const last = lines.findLastIndex((line, index) => index >= start && index < end && line.trim() !== '' && !line.trim().startsWith('#'));
  return lines.toSpliced(last + 1, 0, setting);
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
