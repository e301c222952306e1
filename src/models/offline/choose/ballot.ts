import type { Brief } from '../brief.ts';
import { stem } from '../terms.ts';
import { byPoints, ownCriterion, ownWeight, pointsOf, type Scored } from './score.ts';

const proposalName = /^proposal ([A-Z]+)$/;
const scale = 5;

interface Proposal extends Scored {
  readonly label: string;
  readonly criteria: readonly string[];
}

/** A proposal reads back what its table says of its choice; undefined for one that was written otherwise. */
function proposalOf(label: string, text: string): Proposal | undefined {
  const name = /^Choice: (\S.*)$/m.exec(text)?.[1]?.trim();
  const rows = text.split('\n').flatMap((line) =>
    line.startsWith('| ')
      ? [
          line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim()),
        ]
      : [],
  );
  const head = rows.find(([first]) => first === 'choice');
  const row = rows.find(([first]) => first === name);
  if (name === undefined || head === undefined || row === undefined) return undefined;
  const criteria = head.slice(1, -1);
  const shares = new Map(criteria.map((criterion, at) => [stem(criterion), Number(row[at + 1] ?? Number.NaN) / scale]));
  return criteria.length === 0 || [...shares.values()].some(Number.isNaN) ? undefined : { label, name, criteria, shares };
}

/**
 * A ballot or a decision on proposals that score their choice. In the first round the voter's own criterion counts more; once it has seen how the others
 * voted and why, each criterion counts once, and so it does for a leader. Undefined when the proposals are of another kind.
 */
export function scoredBallot(brief: Brief): string | undefined {
  const all = brief.material.flatMap(({ name, text }) => {
    const label = proposalName.exec(name)?.[1];
    return label === undefined ? [] : [proposalOf(label, text)];
  });
  const proposals = all.filter((one) => one !== undefined);
  const [first] = proposals;
  if (first === undefined || proposals.length < all.length) return undefined;
  const { criteria } = first;
  if (proposals.some((one) => one.criteria.join() !== criteria.join())) return undefined;
  const own = brief.role === 'vote' && brief.round === 1 ? ownCriterion(criteria, brief.voter) : undefined;
  const [best, ...others] = byPoints(proposals, criteria, own);
  if (best === undefined) return undefined;
  const word = brief.role === 'decide' ? 'DECISION' : 'VOTE';
  const weight = own === undefined ? `with ${criteria.join(', ')} counted once each` : `with ${own} counted ${ownWeight} times`;
  const rest = others.map((one) => `${one.label} (${one.name}) ${pointsOf(one, criteria, own)}`).join(', ');
  const changed = own === undefined && brief.role === 'vote' ? ' The others stand for other criteria, so no criterion counts more than another now.' : '';
  return `${word}: ${best.label}\n\n${best.name} has ${pointsOf(best, criteria, own)} points ${weight}${rest === '' ? '' : `; ${rest}`}.${changed} This is counting, not judgement.`;
}
