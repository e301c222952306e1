import { citation } from './citations.ts';
import type { Hit } from './evidence.ts';
import { type Ranked, rankingNote, type Tier } from './ranking.ts';
import type { Terms } from './terms.ts';
import { tokensOf } from './token-count.ts';

/** What every answer of this model ends with. */
export const signature = 'Written by the offline extractive model: it quotes and ranks lines, it does not reason.';

const titleCharsMax = 120;
const headings: Readonly<Record<Tier, string>> = { high: 'Most important', middle: 'Next', low: 'The rest' };

export interface ReportParts {
  readonly goal: string;
  readonly terms: Terms;
  /** Said before the findings, a paragraph each. */
  readonly opening: readonly string[];
  readonly findings: readonly Ranked[];
  /** Quoted sentences under a heading of their own. */
  readonly quotes?: { readonly heading: string; readonly lines: readonly Hit[] };
  readonly notes: readonly string[];
  readonly tokensMax: number;
}

/** A text that never grows above its budget of tokens; what must stand at the end is reserved first. */
class Budgeted {
  readonly #lines: string[] = [];
  #left: number;

  constructor(tokensMax: number) {
    this.#left = tokensMax;
  }

  reserve(text: string): void {
    // Rounding goes line by line here and over the whole there: one more for each line keeps the sum above.
    this.#left -= tokensOf(text) + 1;
  }

  /** Answers whether there was room. */
  add(...lines: readonly string[]): boolean {
    const cost = lines.reduce((sum, line) => sum + (line === '' ? 0 : tokensOf(line) + 1), 0);
    if (cost > this.#left) return false;
    this.#left -= cost;
    this.#lines.push(...lines);
    return true;
  }

  /** Room for it was reserved. */
  addReserved(line: string): void {
    this.#lines.push(line);
  }

  text(): string {
    return this.#lines.join('\n');
  }
}

export function titleOf(goal: string): string {
  const line = goal.split('\n', 1)[0]?.trim() ?? '';
  return line.length > titleCharsMax ? `${line.slice(0, titleCharsMax)} …` : line;
}

function findingLines(finding: Ranked, number: number): string[] {
  const why = finding.reasons.length === 0 ? [] : [`   Why: ${finding.reasons.join('; ')}.`];
  return [`${number}. ${citation(finding)}`, ...finding.more.map((hit) => `   ${citation(hit)}`), ...why];
}

function leftOut(lines: number): string {
  return `… and ${lines} more, left out for length.`;
}

function addFindings(report: Budgeted, findings: readonly Ranked[]): void {
  let added = 0;
  for (const tier of ['high', 'middle', 'low'] as const) {
    const own = findings.filter((finding) => finding.tier === tier);
    if (own.length === 0) continue;
    let room = report.add('', `### ${headings[tier]} (${own.length})`, '');
    for (const finding of own) {
      room &&= report.add(...findingLines(finding, added + 1));
      if (!room) return report.addReserved(leftOut(findings.length - added));
      added += 1;
    }
  }
}

/** A markdown report. It has no second-level headings, because those separate the material of the next prompt. */
export function reportOf(parts: ReportParts): string {
  const report = new Budgeted(parts.tokensMax);
  report.reserve(signature);
  report.reserve(leftOut(parts.findings.length));
  report.add(`# ${titleOf(parts.goal)}`, '');
  for (const paragraph of parts.opening) report.add(paragraph);
  if (parts.findings.length > 0) report.add(rankingNote(parts.terms));
  if (parts.findings.length > 0 && parts.findings[0]?.tier !== 'high') report.add('No line shows what would put it in the first rank.');
  for (const note of parts.notes) report.reserve(`Note: ${note}`);
  addFindings(report, parts.findings);
  if (parts.quotes !== undefined && parts.quotes.lines.length > 0 && report.add('', `### ${parts.quotes.heading}`, '')) {
    for (const line of parts.quotes.lines) if (!report.add(`- ${citation(line)}`)) break;
  }
  const notes = parts.notes.map((note) => `Note: ${note}`);
  return [report.text(), ...(notes.length === 0 ? [] : ['', ...notes]), '', signature].join('\n');
}
