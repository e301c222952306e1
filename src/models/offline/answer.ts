import type { Brief } from './brief.ts';
import { failedBy } from './checks.ts';
import { findingsIn } from './citations.ts';
import type { Evidence } from './evidence.ts';
import { findingsOf } from './findings.ts';
import { type Finding, ranked, shown } from './ranking.ts';
import { reportOf, signature } from './report.ts';
import { answering } from './sentences.ts';
import { queriesOf } from './terms.ts';

const notesMax = 12;

function counted(findings: readonly Finding[]): string {
  const files = new Set(findings.map((finding) => finding.path)).size;
  return `${findings.length} matching line${findings.length === 1 ? '' : 's'} in ${files} file${files === 1 ? '' : 's'}`;
}

function lookedFor(brief: Brief): string {
  const named = [...queriesOf(brief.terms).map((query) => `"${query}"`), ...brief.terms.checks.map(({ name }) => name)];
  return named.length === 0 ? 'The goal names nothing to search for' : `Looked for ${named.join(', ')}`;
}

/** Checks that no line failed are told once, where all parts come together. */
function passedNote(brief: Brief, findings: readonly Finding[]): string[] {
  const passed = brief.role === 'map' ? [] : brief.terms.checks.filter((check) => findings.every(({ text }) => failedBy(text, [check]).length === 0));
  return passed.length === 0 ? [] : [`no line shows: ${passed.map(({ name }) => name).join(', ')}.`];
}

function placeOf(brief: Brief): string {
  return brief.focus.length === 0 ? '' : ` in the ${brief.focus.length} file${brief.focus.length === 1 ? '' : 's'} of this task`;
}

const proseFile = /(?:^|\/)(?:readme[^/]*|[^/]+\.(?:md|markdown|rst|adoc|txt))$/i;

function hiddenNote(hidden: number): string[] {
  return hidden === 0 ? [] : [`${hidden} more line${hidden === 1 ? '' : 's'} of the same files hold${hidden === 1 ? 's' : ''} a word of the goal.`];
}

/** The answer to a goal about files: what was found, or else what the files say first. */
function aboutFiles(brief: Brief, evidence: Evidence, tokensMax: number): string {
  const all = findingsOf(evidence);
  const { findings, hidden } = shown(ranked(all, brief.terms), brief.terms);
  const given = answering(brief.material, brief.goal, brief.terms);
  const base = { goal: brief.goal, terms: brief.terms, notes: [...evidence.notes, ...hiddenNote(hidden), ...passedNote(brief, all)], tokensMax };
  const quotes = brief.material.length > 0 && given.matched ? { quotes: { heading: 'From the text given', lines: given.sentences } } : {};
  if (findings.length > 0) return reportOf({ ...base, ...quotes, opening: [`${lookedFor(brief)}${placeOf(brief)}: ${counted(all)}.`], findings });
  if (brief.material.length > 0) {
    const heading = given.matched ? 'From the text given' : 'How the text given begins';
    return reportOf({
      ...base,
      opening: [`${lookedFor(brief)}${placeOf(brief)}: no file holds it.`],
      findings: [],
      quotes: { heading, lines: given.sentences },
    });
  }
  // Lines that were read keep their own numbers: gaps become empty lines.
  const read = [...evidence.files].map(([path, lines]) => ({
    name: path,
    text: Array.from({ length: Math.max(0, ...lines.keys()) }, (_, index) => lines.get(index + 1) ?? '').join('\n'),
  }));
  // Where nothing matches, prose says more about a project than the first lines of its code.
  const prose = read.filter(({ name, text }) => proseFile.test(name) && text.trim() !== '');
  const { sentences } = answering(prose.length > 0 ? prose : read, brief.goal, brief.terms);
  const asked = queriesOf(brief.terms).length + brief.terms.checks.length === 0 ? lookedFor(brief) : `${lookedFor(brief)}${placeOf(brief)}: no line holds it`;
  const seen = read.length === 0 ? '' : `; this is how the ${read.length === 1 ? 'file begins' : `${read.length} files that were read begin`}`;
  return reportOf({
    ...base,
    opening: [`${asked}${seen}.`],
    findings: [],
    quotes: { heading: 'From the files', lines: sentences },
  });
}

/** The answer to a goal about the texts in its prompt. */
function aboutText(brief: Brief, tokensMax: number): string {
  const [, ...rest] = brief.goal.split('\n');
  const own = rest.join('\n').trim();
  const material = brief.material.length > 0 ? brief.material : own === '' ? [] : [{ name: 'prompt', text: brief.goal }];
  const { sentences, matched } = answering(material, brief.goal, brief.terms);
  const opening =
    material.length === 0
      ? 'The task came with no text, no files and no tools: there is nothing to quote.'
      : matched
        ? `${sentences.length} sentence${sentences.length === 1 ? '' : 's'} of the text given answer${sentences.length === 1 ? 's' : ''} the goal best.`
        : 'No sentence of the text given holds a word of the goal; these are its first sentences.';
  return reportOf({
    goal: brief.goal,
    terms: brief.terms,
    opening: [opening],
    findings: [],
    quotes: { heading: 'From the text given', lines: sentences },
    notes: [],
    tokensMax,
  });
}

/** Merges partial reports: each place once, ranked anew, every citation kept. */
function merged(brief: Brief, tokensMax: number): string {
  const notes = new Set<string>();
  const places = new Map<string, Finding>();
  let silent = 0;
  for (const { name, text } of brief.material) {
    const findings = findingsIn(text);
    if (findings.length === 0) silent += 1;
    for (const finding of findings) {
      const key = `${finding.path}:${finding.line}:${finding.text}`;
      const known = places.get(key);
      if (known === undefined || known.more.length < finding.more.length) places.set(key, finding);
    }
    for (const [, note] of text.matchAll(/^Note: (.+)$/gm)) if (note !== undefined) notes.add(note);
    for (const [, left] of text.matchAll(/^… and (\d+) more/gm)) notes.add(`${name} left out ${left} lines for length.`);
  }
  if (places.size === 0) return aboutNothing(brief, [...notes].slice(0, notesMax), tokensMax);
  const all = [...places.values()];
  const { findings, hidden } = shown(ranked(all, brief.terms), brief.terms);
  const quiet = silent === 0 ? '' : ` ${silent} of them cite${silent === 1 ? 's' : ''} no line.`;
  const opening = `Merged from ${brief.material.length} partial report${brief.material.length === 1 ? '' : 's'}: ${counted(all)}.${quiet}`;
  return reportOf({
    goal: brief.goal,
    terms: brief.terms,
    opening: [opening],
    findings,
    notes: [...hiddenNote(hidden), ...passedNote(brief, all), ...notes].slice(0, notesMax),
    tokensMax,
  });
}

/** Partial results that cite no place: their own sentences are what is left to quote. */
function aboutNothing(brief: Brief, notes: readonly string[], tokensMax: number): string {
  const material = brief.material.map(({ name, text }) => ({
    name,
    text: text
      .split('\n')
      .map((line) => (line === signature || line.startsWith('# ') ? '' : line))
      .join('\n'),
  }));
  const { sentences } = answering(material, brief.goal, brief.terms);
  const opening = material.length === 0 ? 'There were no partial reports to merge.' : `None of the ${material.length} partial reports cites a line.`;
  return reportOf({
    goal: brief.goal,
    terms: brief.terms,
    opening: [opening],
    findings: [],
    quotes: { heading: 'From the partial reports', lines: sentences },
    notes,
    tokensMax,
  });
}

/** The final text of a task. */
export function answerOf(brief: Brief, evidence: Evidence, tokensMax: number): string {
  if (brief.role === 'reduce') return merged(brief, tokensMax);
  return brief.rounds.length > 0 ? aboutFiles(brief, evidence, tokensMax) : aboutText(brief, tokensMax);
}
