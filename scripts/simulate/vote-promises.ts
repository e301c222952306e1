import type { Fact } from '../../protocols/journal/facts.ts';
import type { GoalScenario } from './goal-scenario.ts';
import { Violation } from './world.ts';

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what);
}

/** Counts every ballot again, from the facts alone: no vote counts twice, no stranger votes, and nothing is decided below its quorum. */
export function checkVotes({ submission }: GoalScenario, facts: readonly Fact[]): void {
  const { strategy, agents = 3 } = submission;
  if (typeof strategy !== 'object' || strategy.type !== 'consensus') throw new Error('a consensus without its options');
  const voters = Array.from({ length: agents }, (_, index) => `p${index + 1}`);
  const weights = new Map(voters.map((voter) => [voter, typeof strategy.quorum === 'object' ? (strategy.quorum.weights[voter] ?? 0) : 1]));
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const enough = (votes: number): boolean =>
    strategy.quorum === 'unanimous' ? votes === total : strategy.quorum === 'two-thirds' ? votes * 3 >= total * 2 : votes * 2 > total;
  const proposers = facts.filter(({ type, data }) => type === 'task.created' && data['role'] === 'propose').map(({ data }) => String(data['task']));
  const answered = facts
    .filter(({ type, data }) => type === 'task.completed' && proposers.includes(String(data['task'])))
    .map(({ data }) => String(data['task']));
  const ballots = new Map<string, string>();
  const leaders = new Map<number, string>();
  let decisions = 0;
  for (const { type, data } of facts) {
    const round = Number(data['round']);
    if (type === 'vote.cast') {
      const voter = String(data['voter']);
      must(weights.has(voter), `a stranger votes: ${voter}`);
      must(round >= 1 && round <= (strategy.rounds ?? 3), `there is a ballot in round ${round}`);
      must(!ballots.has(`${round} ${voter}`), `${voter} votes twice in round ${round}`);
      must(decisions === 0, `${voter} votes after the decision`);
      ballots.set(`${round} ${voter}`, String(data['choice']));
    }
    if (type === 'leader.elected') {
      const term = Number(data['term']);
      const votes = data['votes'] as readonly string[];
      must(!leaders.has(term), `term ${term} has two leaders`);
      must(term > Math.max(0, ...leaders.keys()), `term ${term} comes after a later one`);
      must(new Set(votes).size === votes.length && votes.every((voter) => weights.has(voter)), `the votes of term ${term} are ${votes.join(', ')}`);
      must(votes.length * 2 > voters.length, `the leader of term ${term} has ${votes.length} of ${voters.length} votes`);
      must(![...leaders.values()].includes(String(data['leader'])), `${String(data['leader'])} is elected again though it did not decide`);
      leaders.set(term, String(data['leader']));
    }
    if (type === 'round.decided') {
      decisions += 1;
      must(decisions === 1, 'the proposals are decided twice');
      must(answered.includes(String(data['task'])), `the decision is for ${String(data['task'])}, which is no proposal`);
      if (data['by'] === 'quorum') {
        const votes = [...ballots].reduce(
          (sum, [key, choice]) => sum + (key.startsWith(`${round} `) && choice === data['choice'] ? (weights.get(key.split(' ')[1] ?? '') ?? 0) : 0),
          0,
        );
        must(enough(votes), `${String(data['choice'])} is decided with ${votes} of ${total} votes by ${JSON.stringify(strategy.quorum ?? 'majority')}`);
        must(Math.abs(votes - Number(data['votes'])) < 1e-6, `the fact tells ${String(data['votes'])} votes, there are ${votes}`);
      } else {
        must(strategy.noQuorum !== 'fail', 'a leader decides where the goal should fail');
        must(
          [...leaders.values()].at(-1) === data['by'] && leaders.get(Number(data['term'])) === data['by'],
          `${String(data['by'])} decides and leads no term`,
        );
      }
    }
  }
  const end = facts.find(({ type }) => type === 'goal.completed' || type === 'goal.failed');
  if (end?.type === 'goal.completed') must(decisions === 1, 'the goal is complete without a decision');
  if (end?.type !== 'goal.failed' || end.data['code'] !== 'no_quorum') return;
  must(decisions === 0, 'the goal fails for want of a quorum that it had');
  for (let round = 1; round <= (strategy.rounds ?? 3); round += 1) {
    const counts = new Map<string, number>();
    for (const [key, choice] of ballots)
      if (key.startsWith(`${round} `)) counts.set(choice, (counts.get(choice) ?? 0) + (weights.get(key.split(' ')[1] ?? '') ?? 0));
    for (const [choice, votes] of counts)
      must(choice === 'abstain' || !enough(votes), `round ${round} had a quorum for ${choice}, and the goal fails without one`);
  }
}
