import type { Hit } from './evidence.ts';
import type { Finding } from './ranking.ts';

/** Longest quote of one line, in characters; what is cut ends in ` …`. */
export const quoteCharsMax = 240;

/** How a quoted line is written: the place in backticks, a dash, the line itself without its indentation. */
export function citation(hit: Hit): string {
  const quote = hit.text.trim();
  return `\`${hit.path}:${hit.line}\` — ${quote.length > quoteCharsMax ? `${quote.slice(0, quoteCharsMax)} …` : quote}`;
}

const written = /^( *)(?:\d+\.|[-*])? *`([^`\n]+):(\d+)` — (.*)$/;
/** A place as other writers put it: a path with an extension, a colon, a line. Tried on one word at a time. */
const loose = /^([\w.@/-]*\.\w+):(\d+)/;
const looseCharsMax = 300;

function looseHit(line: string): Hit | undefined {
  for (const word of line.split(/[\s`()[\],"'*]+/)) {
    const [place, path, number] = (word.length > looseCharsMax ? null : loose.exec(word)) ?? [];
    if (place === undefined || path === undefined || number === undefined) continue;
    const at = line.indexOf(place);
    const rest = `${line.slice(0, at)}${line.slice(at + place.length)}`;
    return {
      path,
      line: Number(number),
      text: rest
        .replace(/^[\s\d.)*>`-]+/, '')
        .replace(/^[\s:—–()*`-]+/, '')
        .trim(),
    };
  }
  return undefined;
}

/** Reads a report back: its findings with the lines that go on with them. Lines without a place are left out. */
export function findingsIn(report: string): Finding[] {
  const findings: { path: string; line: number; text: string; more: Hit[] }[] = [];
  for (const line of report.split('\n')) {
    const [, indent, path, number, text] = written.exec(line) ?? [];
    if (path !== undefined && number !== undefined) {
      const hit = { path, line: Number(number), text: text ?? '' };
      const last = findings.at(-1);
      if ((indent ?? '') !== '' && last !== undefined) last.more.push(hit);
      else findings.push({ ...hit, more: [] });
      continue;
    }
    const hit = looseHit(line);
    if (hit !== undefined) findings.push({ ...hit, more: [] });
  }
  return findings;
}
