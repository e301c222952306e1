import { type Check, checksOf, failedBy, withoutChecks } from './checks.ts';
import { isStopWord } from './stop-words.ts';

/** What a goal asks to look for. */
export interface Terms {
  /** Text to be found as it stands: markers such as TODO, quoted words, identifiers, file names. */
  readonly exact: readonly string[];
  /** Stems of the other salient words, in the order of the goal. */
  readonly words: readonly string[];
  /** Faults that show in a line. A goal that names some is not searched for its other words. */
  readonly checks: readonly Check[];
}

const exactMax = 8;
const wordsMax = 8;
const wordCharsMin = 3;
/** What stands behind it in a goal is not looked at for terms. */
const goalCharsMax = 8_000;

/** Goals speak of these without writing the words that stand in files. */
const concepts: readonly { readonly about: RegExp; readonly exact: readonly string[] }[] = [
  { about: /\bto-?dos?\b/i, exact: ['TODO'] },
  { about: /\b(technical debt|tech debt|unfinished|open work)\b/i, exact: ['TODO', 'FIXME'] },
  { about: /\bfix-?mes?\b/i, exact: ['FIXME'] },
  { about: /\b(technical debt|tech debt|hacks?|workarounds?)\b/i, exact: ['HACK', 'XXX'] },
  { about: /\b(security|vulnerabilit(?:y|ies)|secrets?|credentials?)\b/i, exact: ['password', 'secret', 'token', 'eval(', 'unsafe'] },
  { about: /\bdeprecat\w*/i, exact: ['deprecated', 'Deprecated'] },
];

/** English endings off, so that `caches`, `cached` and `cache` meet. Crude, but the same everywhere. */
export function stem(word: string): string {
  const lower = word.toLowerCase();
  if (lower.length <= 4) return lower.length > 3 && lower.endsWith('s') && !lower.endsWith('ss') ? lower.slice(0, -1) : lower;
  return lower
    .replace(/ies$/, 'y')
    .replace(/(?:sses|xes|ches|shes)$/, (ending) => ending.slice(0, -2))
    .replace(/([^s])s$/, '$1')
    .replace(/(?<=\w{3})ing$/, '')
    .replace(/(?<=\w{3})ed$/, '')
    .replace(/(?<=\w{3})e$/, '');
}

export function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}_'-]*/gu) ?? [];
}

/** Stems of the words that carry meaning. */
export function stemsOf(text: string): string[] {
  return wordsOf(text)
    .filter((word) => word.length >= wordCharsMin && !isStopWord(word.toLowerCase()) && !isStopWord(word.toLowerCase().replace(/s$/, '')))
    .map(stem);
}

function unique(values: readonly string[], max: number): string[] {
  return [...new Set(values)].slice(0, max);
}

/** Markers (ALL CAPITALS), quoted text, identifiers and file names. */
function exactOf(goal: string): string[] {
  const quoted = [...goal.matchAll(/"([^"\n]{2,80})"|`([^`\n]{2,80})`|“([^”\n]{2,80})”/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  const capitals = [...goal.matchAll(/\b[A-Z][A-Z0-9_]{2,}(?=s?\b)/g)].map((match) => match[0]);
  const identifiers = [...goal.matchAll(/\b(?:[a-z]+[A-Z]\w*|\w+_\w+|[\w-]+\.[a-z]{1,4})\b/g)].map((match) => match[0]);
  // A goal that shouts is not a list of markers.
  const shouted = capitals.length > 6;
  return [...(shouted ? [] : capitals), ...quoted, ...identifiers];
}

export function termsOf(whole: string): Terms {
  const asked = whole.slice(0, goalCharsMax);
  const checks = checksOf(asked);
  const goal = withoutChecks(asked, checks);
  const implied = concepts.filter((concept) => concept.about.test(goal)).flatMap((concept) => concept.exact);
  const exact = unique([...exactOf(goal), ...implied], exactMax);
  const taken = new Set(exact.map(stem));
  return { exact, words: checks.length > 0 ? [] : unique(stemsOf(goal), wordsMax).filter((word) => !taken.has(word)), checks };
}

/** What to search for: the exact terms where there are any, else the words. */
export function queriesOf(terms: Terms): readonly string[] {
  return terms.exact.length > 0 ? terms.exact : terms.words;
}

/** Whether a line really holds a term: markers as whole words, other exact terms as they stand, words by stem; or fails a check. */
export function holds(line: string, terms: Terms): boolean {
  if (failedBy(line, terms.checks).length > 0) return true;
  return terms.exact.length > 0 ? terms.exact.some((term) => holdsExact(line, term)) : wordHits(line, terms.words) > 0;
}

export function holdsExact(line: string, term: string): boolean {
  if (!/^[A-Z][A-Z0-9_]+$/.test(term)) return line.toLowerCase().includes(term.toLowerCase());
  return new RegExp(`(?<![A-Za-z0-9_])${term}(?![A-Za-z0-9_])`).test(line);
}

/** The stems of all words of a text; compound names count as a whole and by their parts. */
export function stemSet(text: string): ReadonlySet<string> {
  return new Set(wordsOf(text).flatMap((word) => [stem(word), ...(compound.test(word) ? word.split(/[_-]|(?<=[a-z])(?=[A-Z])/).map(stem) : [])]));
}

const compound = /[_-]|[a-z][A-Z]/;

/** How many of the stems occur in the text. */
export function wordHits(text: string, words: readonly string[]): number {
  if (words.length === 0) return 0;
  const found = stemSet(text);
  return words.filter((word) => found.has(word)).length;
}
