import type { ModelRequest } from '../../../../actors/ports/models.ts';
import type { Brief } from '../brief.ts';
import { citation } from '../citations.ts';
import type { Evidence } from '../evidence.ts';
import { type PlannedCall, wholeFiles } from '../plan.ts';
import { signature, titleOf } from '../report.ts';
import { stem } from '../terms.ts';
import { argumentsFor, toolNamed } from '../tool-arguments.ts';
import { type Alternative, alternativeIn, criteriaOf, sharedCriteria } from './ratings.ts';
import { byPoints, ownCriterion, ownWeight, pointsOf, type Scored, shownShare } from './score.ts';

/** What a task can choose from, by what is known so far. */
export interface Choice {
  readonly alternatives: readonly Alternative[];
  readonly criteria: readonly string[];
}

const roles: ReadonlySet<string> = new Set(['single', 'propose']);
const alternativesMin = 2;

/** Whether the goal asks for a choice by criteria that it names. */
export function isChoice(brief: Brief): boolean {
  return roles.has(brief.role) && criteriaOf(brief.goal).length > 0;
}

/** Lists, then reads: texts are judged whole, not by hits. */
export function choiceCalls(brief: Brief, evidence: Evidence, request: Pick<ModelRequest, 'tools'>): readonly PlannedCall[] {
  const [list, read] = ['fs.list', 'fs.read'].map((name) => toolNamed(request, name));
  if (list === undefined || read === undefined || evidence.reads > 0) return [];
  return brief.rounds.length === 0 ? [{ name: list.name, input: argumentsFor(list, {}) }] : wholeFiles(evidence.listed, read);
}

/** Undefined when fewer than two texts rate themselves by the same criteria. */
export function choiceOf(brief: Brief, evidence: Evidence): Choice | undefined {
  const wanted = criteriaOf(brief.goal);
  if (!roles.has(brief.role) || wanted.length === 0) return undefined;
  const given = brief.material.flatMap(({ name, text }) => sections(name, text));
  const texts = [...given, ...[...evidence.files].map(([path, lines]) => ({ path, lines }))];
  const alternatives = texts.flatMap(({ path, lines }) => alternativeIn(path, lines) ?? []).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const criteria = sharedCriteria(alternatives, wanted);
  return alternatives.length < alternativesMin || criteria.length === 0 ? undefined : { alternatives, criteria };
}

/** Several texts come as one block with a heading for each. */
function sections(name: string, text: string): { path: string; lines: ReadonlyMap<number, string> }[] {
  const parts = text.split(/^(?=### )/m);
  return parts.map((part, index) => {
    const title = /^### (\S.*)\n/.exec(part)?.[1] ?? (parts.length === 1 ? name : `${name} ${index + 1}`);
    return { path: title, lines: new Map(part.split('\n').map((line, at) => [at + 1, line])) };
  });
}

export function scoredOf({ name, ratings }: Alternative): Scored {
  return { name, shares: new Map([...ratings].map(([key, { share }]) => [key, share])) };
}

/** A proposal: the alternative with most points, the table that it comes from, and the lines that state the ratings. */
export function proposal(brief: Brief, { alternatives, criteria }: Choice): string {
  const own = ownCriterion(criteria, brief.voter);
  const scored = byPoints(
    alternatives.map((alternative) => ({ alternative, ...scoredOf(alternative) })),
    criteria,
    own,
  );
  const [best] = scored;
  if (best === undefined) return signature;
  const weight = own === undefined ? 'every criterion counts once' : `${own} counts ${ownWeight} times, as p${brief.voter} stands for it`;
  return [
    `# ${titleOf(brief.goal)}`,
    '',
    `Choice: ${best.name}`,
    '',
    `It has ${pointsOf(best, criteria, own)} points by what the texts state of themselves; ${weight}.`,
    '',
    `| choice | ${criteria.join(' | ')} | points |`,
    `|---|${criteria.map(() => '---:|').join('')}---:|`,
    ...scored.map((row) => `| ${row.name} | ${criteria.map((criterion) => shownShare(row, criterion)).join(' | ')} | ${pointsOf(row, criteria, own)} |`),
    '',
    '### Stated in the texts',
    '',
    ...scored.flatMap(({ alternative }) =>
      criteria.flatMap((criterion) => {
        const rating = alternative.ratings.get(stem(criterion));
        return rating === undefined ? [] : [`- ${citation({ ...rating.source, text: rating.source.text.replace(/^\s*[-*]\s+/, '') })}`];
      }),
    ),
    '',
    signature,
  ].join('\n');
}
