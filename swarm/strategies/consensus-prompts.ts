import { type Poll, tallyOf } from '../voting/poll.ts';
import { type Electorate, shownVotes } from '../voting/quorum.ts';

/** Characters of one rationale that later rounds are shown. */
const shownRationaleChars = 400;

interface Material {
  readonly name: string;
  readonly text: string;
}

export function proposePrompt(goal: string, voter: string, voters: number): string {
  return `${goal}\n\nYou are ${voter}, one of ${voters} proposers who each answer this goal on their own; afterwards all vote on the answers. Give one complete proposal, with the reasons for it, that can be judged without asking you.`;
}

export function votePrompt(goal: string, voter: string, labels: readonly string[], round: number, rounds: number): string {
  const seen = round === 1 ? '' : ' How all voted so far, and why, stands below the proposals: weigh it, and change your vote where you are convinced.';
  return [
    goal,
    `You are the voter ${voter} in round ${round} of ${rounds}. Below are the proposals ${labels.join(', ')} for this goal. Judge them by what they say.${seen}`,
    `Begin your answer with exactly one line\nVOTE: <label>\nwhere <label> is one of ${labels.join(', ')}, or\nVOTE: abstain\nThen say in a few sentences why.`,
  ].join('\n\n');
}

export function decidePrompt(goal: string, voter: string, labels: readonly string[]): string {
  return [
    goal,
    `The voters found no quorum and elected you, ${voter}, to decide. Below are the proposals ${labels.join(', ')} for this goal, and how all voted and why.`,
    `Begin your answer with exactly one line\nDECISION: <label>\nwhere <label> is one of ${labels.join(', ')}. Then say in a few sentences why.`,
  ].join('\n\n');
}

export function tallySoFar(electorate: Electorate, poll: Poll): Material {
  const { votes } = tallyOf(electorate, poll);
  const lines = Object.entries(votes).map(([choice, units]) => `${choice}: ${shownVotes(electorate, units)}`);
  return {
    name: `tally of round ${poll.round}`,
    text: [...lines, `needed: ${shownVotes(electorate, electorate.needed)} of ${shownVotes(electorate, electorate.total)}`].join('\n'),
  };
}

export function ballotsSoFar(poll: Poll): Material {
  const lines = poll.ballots.map(({ voter, choice, rationale }) => `- ${voter} voted ${choice ?? 'abstain'}: ${oneLine(rationale)}`);
  return { name: `ballots of round ${poll.round}`, text: lines.join('\n') };
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > shownRationaleChars ? `${line.slice(0, shownRationaleChars)} …` : line;
}
