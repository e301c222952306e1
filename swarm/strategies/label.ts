/** What people are shown of what a task is about. Characters. */
export const labelCharsMax = 60;

/** The beginning of a text in one line. */
export function labelOfText(text: string): string {
  // A text of a megabyte need not be read to its end for its first words.
  const line = text
    .slice(0, labelCharsMax * 8)
    .trim()
    .replaceAll(/\s+/g, ' ');
  return line.length > labelCharsMax || text.length > labelCharsMax * 8 ? `${cut(line, labelCharsMax - 2)} …` : line;
}

/** The first of some files, and how many they are; of a long path its end. */
export function labelOfFiles(paths: readonly string[]): string {
  const [first = ''] = paths;
  const more = paths.length === 1 ? '' : ` … ${paths.length} files`;
  const room = labelCharsMax - more.length;
  return `${first.length > room ? `…${first.slice(first.length - room + 1)}` : first}${more}`;
}

/** Never cuts a character in two. */
function cut(text: string, charsMax: number): string {
  const end = /[\uD800-\uDBFF]/.test(text.charAt(charsMax - 1)) ? charsMax - 1 : charsMax;
  return text.slice(0, end).trimEnd();
}
