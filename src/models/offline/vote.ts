import type { Brief, Material } from './brief.ts';
import { scoredBallot } from './choose/ballot.ts';
import { findingsIn } from './citations.ts';
import { holdsExact, wordHits } from './terms.ts';

const proposalName = /^proposal ([A-Z]+)$/;

interface Judged {
  readonly label: string;
  readonly terms: number;
  readonly cited: number;
}

function judged(label: string, { text }: Material, brief: Brief): Judged {
  const exact = brief.terms.exact.filter((term) => holdsExact(text, term)).length;
  const places = new Set(findingsIn(text).map(({ path, line }) => `${path}:${line}`));
  return { label, terms: exact + wordHits(text, brief.terms.words), cited: places.size };
}

/** A ballot or a decision: by points where the proposals score what they choose, else the proposal that holds most of the goal's terms, then the one that cites most places, then the first. */
export function voteOf(brief: Brief): string {
  const scored = scoredBallot(brief);
  if (scored !== undefined) return scored;
  const word = brief.role === 'decide' ? 'DECISION' : 'VOTE';
  const all = brief.material.flatMap((material) => {
    const label = proposalName.exec(material.name)?.[1];
    return label === undefined ? [] : [judged(label, material, brief)];
  });
  const [best, next] = all.toSorted((a, b) => b.terms - a.terms || b.cited - a.cited);
  if (best === undefined) return `${word}: abstain\n\nThere is no proposal to judge.`;
  const of = brief.terms.exact.length + brief.terms.words.length;
  const equal = next !== undefined && next.terms === best.terms && next.cited === best.cited;
  const why = `Proposal ${best.label} holds ${best.terms} of the ${of} terms of the goal and cites ${best.cited} place${best.cited === 1 ? '' : 's'}.`;
  return `${word}: ${best.label}\n\n${why}${equal ? ' Others hold as much; it is the first of them.' : ''} This is counting, not judgement.`;
}
