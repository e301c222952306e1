/** Bytes that could drive a terminal: C0 and C1 controls, of which text from models, files and goals may hold any. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of others made safe to print on a terminal; line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(controls, '\u{fffd}');
}

/** The same on one line, cut to a width. */
export function oneLine(text: string, widthMax: number): string {
  const flat = printable(text.replaceAll(/\s+/g, ' ').trim());
  const characters = [...flat];
  return characters.length <= widthMax ? flat : `${characters.slice(0, Math.max(0, widthMax - 1)).join('')}…`;
}

/** Columns as wide as their widest cell; the last one takes what it needs. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) =>
    row
      .map((text, column) => (column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
