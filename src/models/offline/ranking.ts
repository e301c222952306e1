import { failedBy } from './checks.ts';
import type { Hit } from './evidence.ts';
import { holdsExact, type Terms, wordHits } from './terms.ts';

/** A quoted line with the lines that go on with it, and why it stands where it stands. */
export interface Finding extends Hit {
  readonly more: readonly Hit[];
}

export type Tier = 'high' | 'middle' | 'low';

export interface Ranked extends Finding {
  readonly tier: Tier;
  readonly score: number;
  /** What can be seen in the line and moved it. */
  readonly reasons: readonly string[];
}

/** Weights of markers. From `highMin` on a line counts as most important, from `middleMin` on as next. */
const markers: readonly (readonly [marker: string, weight: number])[] = [
  ['FIXME', 60],
  ['BUG', 60],
  ['XXX', 50],
  ['HACK', 40],
  ['TODO', 30],
];
const highMin = 60;
const middleMin = 25;
const otherWeight = 10;
/** The share of the goal's terms from which a line without markers is high or middle. */
const highShare = 0.75;
const middleShare = 0.4;

const risks: readonly { readonly name: string; readonly weight: number; readonly words: RegExp }[] = [
  {
    name: 'security',
    weight: 40,
    words:
      /\b(?:securit\w*|insecure|unsafe|vulnerab\w*|inject\w*|xss|csrf|ssrf|exploit\w*|forge(?:d|ry|s)?|signatures?|card numbers?|unchecked|password\w*|passwd|\w*secrets?|credential\w*|api[_ ]?keys?|any(?:one|body) can|every(?:one|body) (?:who|can)|plain ?text|unauthori[sz]ed|unauthenticated|permission\w*|sanitiz\w*|unescaped|unvalidated|traversal|timing attack|tls|certificate\w*)\b/i,
  },
  {
    name: 'data loss',
    weight: 40,
    words:
      /\b(?:data loss|los(?:es|t|ing|s)|lose|corrupt\w*|overwrit\w*|truncat\w*|inconsisten\w*|double[- ]?(?:charg|count|writ|spend)\w*|charged twice|duplicat\w+ (?:charge|payment|order)s?|silently|drops? (?:the |a )?(?:write|message|event|record|order)s?|not (?:saved|stored|persisted|flushed)|rollback|fsync|partial writes?|half a file|(?:is|are) gone)\b/i,
  },
  {
    name: 'failure',
    weight: 25,
    words:
      /\b(?:crash\w*|panics?|deadlock\w*|races?|race condition|leak\w*|hangs?|infinite|unbounded|overflow\w*|out of memory|oom|never (?:closed|released|retried)|swallow\w*|blocks? the|takes? \w+ \w+ down|between the check)\b/i,
  },
  { name: 'money', weight: 15, words: /\b(?:payment\w*|refund\w*|invoice\w*|billing|charge[sd]?|price[sd]?|tax(?:es)?|currenc\w+)\b/i },
];
const cosmetic = {
  name: 'cosmetic',
  weight: -5,
  words: /\b(?:rename|typo\w*|cosmetic|nice to have|clean ?up|tidy|wording|docs?|comment|prettier|someday|maybe)\b/i,
};
const wordWeight = 5;
const exactWeight = 20;

function markerOf(text: string): readonly [marker: string, weight: number] | undefined {
  return markers.find(([marker]) => holdsExact(text, marker));
}

/** A goal that asks for markers or checks is ranked by them; any other by how much of the goal a line holds. */
function asksForMarkers(terms: Terms): boolean {
  if (terms.checks.length > 0) return true;
  return terms.exact.some((term) => markers.some(([marker]) => marker === term));
}

function byMarkers(finding: Finding, terms: Terms): Pick<Ranked, 'tier' | 'score' | 'reasons'> {
  const text = [finding.text, ...finding.more.map((line) => line.text)].join(' ');
  const marker = markerOf(finding.text);
  const failed = failedBy(finding.text, terms.checks);
  const reasons = [...(marker === undefined ? [] : [marker[0]]), ...failed.map(({ name }) => name)];
  // Code that fails a check is ranked by the check: its words tell nothing more.
  if (marker === undefined && failed.length > 0) {
    const score = Math.max(...failed.map(({ weight }) => weight));
    return { score, reasons, tier: tierOf(score) };
  }
  let score = marker?.[1] ?? otherWeight;
  for (const { name, weight, words } of [...risks, cosmetic]) {
    const found = words.exec(text)?.[0];
    if (found === undefined) continue;
    score += weight;
    reasons.push(`${name} ("${found}")`);
  }
  const hits = wordHits(`${finding.path} ${text}`, terms.words);
  if (hits > 0) {
    score += hits * wordWeight;
    reasons.push(`${hits} of the goal's words`);
  }
  // A cosmetic word moves a line down among its equals, never below another marker's rank.
  if (marker !== undefined) score = Math.max(score, marker[1] + cosmetic.weight, marker[1] >= highMin ? highMin : 0);
  return { score, reasons, tier: tierOf(score) };
}

function tierOf(score: number): Tier {
  return score >= highMin ? 'high' : score >= middleMin ? 'middle' : 'low';
}

function byTerms(finding: Finding, terms: Terms): Pick<Ranked, 'tier' | 'score' | 'reasons'> {
  const exact = terms.exact.filter((term) => holdsExact(finding.text, term));
  const words = wordHits(finding.text, terms.words);
  const share = (exact.length + words) / Math.max(1, terms.exact.length + terms.words.length);
  const reasons = [...exact.map((term) => `"${term}"`), ...(words > 0 ? [`${words} of ${terms.words.length} words of the goal`] : [])];
  const score = exact.length * exactWeight + words * otherWeight;
  return { score, reasons, tier: share >= highShare ? 'high' : share >= middleShare ? 'middle' : 'low' };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Highest first; equals by path and line, so that the order never depends on which tool answered first. */
export function ranked(findings: readonly Finding[], terms: Terms): Ranked[] {
  const rank = asksForMarkers(terms) ? byMarkers : byTerms;
  const tiers: readonly Tier[] = ['high', 'middle', 'low'];
  return findings
    .map((finding) => ({ ...finding, ...rank(finding, terms) }))
    .toSorted(
      (a, b) => tiers.indexOf(a.tier) - tiers.indexOf(b.tier) || b.score - a.score || order(a.path, b.path) || a.line - b.line || order(a.text, b.text),
    );
}

/** Lines of one file and rank that are shown where a goal asks for words: a word is common, a marker is not. */
const sameFileMax = 5;

/** What of the ranking is worth showing, and how many lines that leaves out. */
export function shown(findings: readonly Ranked[], terms: Terms): { readonly findings: readonly Ranked[]; readonly hidden: number } {
  if (asksForMarkers(terms)) return { findings, hidden: 0 };
  const counts = new Map<string, number>();
  const kept = findings.filter(({ tier, path }) => {
    const count = (counts.get(`${tier} ${path}`) ?? 0) + 1;
    counts.set(`${tier} ${path}`, count);
    return count <= sameFileMax;
  });
  return { findings: kept, hidden: findings.length - kept.length };
}

/** How the order came about, in one sentence. */
export function rankingNote(terms: Terms): string {
  if (terms.checks.length > 0)
    return 'Ranked by the kind of fault: what opens a door first, then what loses data or fails, then the rest; comments by their marker and their words.';
  return asksForMarkers(terms)
    ? 'Ranked by what the lines show: FIXME, BUG and words of security or data loss first, then TODO with words of failure or money, then TODO, then the rest.'
    : 'Ranked by how much of the goal each line holds.';
}
