import { readFileSync } from 'node:fs';

/** What differs from run to run: ids, durations, the figures of what was spent, and whose ballots a round still waited for when it was decided. */
function lasting(line: string): string {
  return line
    .replaceAll(/g-[0-9a-f]{26}/g, 'g-ID')
    .replaceAll(/\b(in|after) [\d.]+ (ms|s|min)\b/g, '$1 SOME s')
    .replaceAll(/[\d,]+ (tasks?|model calls?|tool calls?|tokens?)\b/g, 'N $1')
    .replace(/^vote\.cast p\d in round ([2-9])/, 'vote.cast pN in round $1');
}

/** The lines that a page shows below `$ <command>`, up to the next command or the end of the fence. */
export function shownBelow(page: string, command: string): readonly string[] {
  const lines = readFileSync(page, 'utf8').split('\n');
  const from = lines.indexOf(`$ ${command}`);
  if (from < 0) throw new Error(`${page} does not show: ${command}`);
  const rest = lines.slice(from + 1);
  return rest.slice(
    0,
    rest.findIndex((line) => line.startsWith('$ ') || line.startsWith('```')),
  );
}

/** Lines that a page shows and a run did not print. `…` stands for anything. */
export function notPrinted(shown: readonly string[], ...printed: readonly string[]): readonly string[] {
  const lines = new Set(printed.flatMap((text) => text.split('\n').map(lasting)));
  return shown.filter((line) => line !== '…' && !lines.has(lasting(line)));
}
