import type { Evidence, Hit } from './evidence.ts';
import type { Finding } from './ranking.ts';

/** Lines of a comment after its first that are quoted with it. */
const moreLinesMax = 2;

const comment = /^\s*(?:\/\/|#(?!!)|\*(?!\/)|--|;|<!--)\s?/;

/** The lines that go on with a comment, as far as they were read. */
function moreOf(hit: Hit, evidence: Evidence, own: ReadonlySet<string>): Hit[] {
  const lines = evidence.files.get(hit.path);
  const opening = comment.exec(hit.text)?.[0].trim();
  if (lines === undefined || opening === undefined || /-->|\*\/\s*$/.test(hit.text)) return [];
  const more: Hit[] = [];
  for (let line = hit.line + 1; line <= hit.line + moreLinesMax; line++) {
    const text = lines.get(line);
    if (text === undefined || comment.exec(text)?.[0].trim() !== opening || own.has(`${hit.path}:${line}`)) break;
    // An empty comment line, or one that begins a tag or a new marker, is something else.
    if (!/[\p{L}\p{N}]/u.test(text) || /^\W*(?:@\w|[A-Z]{3,}\b)/.test(text)) break;
    // Code that was commented out is no sentence.
    if (/[;{}]\s*$|=>/.test(text)) break;
    more.push({ path: hit.path, line, text });
  }
  return more;
}

export function findingsOf(evidence: Evidence): Finding[] {
  const own = new Set(evidence.hits.map((hit) => `${hit.path}:${hit.line}`));
  return evidence.hits.map((hit) => ({ ...hit, more: moreOf(hit, evidence, own) }));
}
