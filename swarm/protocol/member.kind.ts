import { chartOf } from '../../actors/cell/chart.ts';
import { type ActorKind, type Emitted, fact, type StampedInput, type Verdict } from '../../actors/cell/kind.ts';
import { type ElectionOutput, type ElectionState, openElection, stepElection } from '../election/election.ts';
import { bodyInlineCharsMax } from './bounds.ts';
import type { MemberInput } from './member-inputs.ts';

/** The table of a member: where it stands in the elections of its group. Plain JSON, updated in place. */
export interface MemberTable {
  group: string;
  election: ElectionState | null;
}

type MemberState = 'idle' | 'member';

const memberChart = chartOf<MemberState>('member', 'idle', {
  idle: { description: 'made, not yet in its group', on: { 'member.join': ['member'] } },
  member: {
    description: 'one of a fixed group',
    on: {
      'cell.opened': ['stay'],
      'election.step': ['stay'],
      'message.broadcast': ['stay'],
      'broadcast.ended': ['stay'],
      'message.heard': ['stay'],
      'ballot.ask': ['stay'],
      'ballot.heard': ['stay'],
      'ballot.cast': ['stay'],
      'ballot.taken': ['stay'],
      'round.close': ['stay'],
    },
  },
});

/** A member of a group: what it says, hears and promises, in order. History: 1: first (2026-11). */
export const memberKind: ActorKind<MemberTable> = {
  machine: 'member',
  version: 1,
  chart: memberChart,
  emptyTable: () => ({ group: '', election: null }),
  reduce: reduceMember,
  visibleContext: ['group', 'term', 'leader'],
  boundsOpenings: false,
};

function reduceMember(table: MemberTable, stamped: StampedInput): Verdict {
  const verdict = decide(table, stamped as unknown as MemberInput);
  return { ...verdict, context: { group: table.group, term: table.election?.term ?? 0, leader: table.election?.leader ?? null } };
}

function decide(table: MemberTable, input: MemberInput): Verdict<MemberState> {
  switch (input.type) {
    case 'member.join': {
      const { group, self, members } = input;
      table.group = group;
      table.election = openElection(self, members);
      return { go: 'member', emit: [fact('member.joined', { group, self, members })] };
    }
    case 'cell.opened':
      return { emit: told(stepElection(electionOf(table), { type: 'member.reopened' })) };
    case 'election.step':
      return { emit: told(stepElection(electionOf(table), input.step)) };
    case 'message.broadcast':
      return { emit: [fact('member.said', { to: 'all', ...shown(input.body) })] };
    case 'broadcast.ended':
      return { emit: [fact('member.reached', { reached: input.reached, missed: input.missed })] };
    case 'message.heard':
      return { emit: [fact('member.heard', { from: input.from, ...shown(input.body) })] };
    case 'ballot.ask': {
      const { question, choices, round, deciding } = input.question;
      return { emit: [fact('ballot.asked', { question: cut(question), choices: shown(choices).body ?? choices.length, round, deciding, of: input.of })] };
    }
    case 'ballot.heard':
      return { emit: [fact('member.heard', { from: input.from, ballot: { question: cut(input.question.question), round: input.question.round } })] };
    case 'ballot.cast':
    case 'ballot.taken': {
      const { voter, round, choice, rationale } = input;
      return { emit: [fact('vote.cast', { voter, round, choice, rationale: cut(rationale) })] };
    }
    case 'round.close':
      return { emit: [fact('round.decided', { round: input.round, choice: input.choice, by: input.by, votes: input.votes, needed: input.needed })] };
  }
}

function electionOf(table: MemberTable): ElectionState {
  if (table.election === null) throw new Error('a member has no elections before member.join');
  return table.election;
}

/** What a step of the election says, as facts: the host sends exactly what stands in its journal. */
function told(outputs: readonly ElectionOutput[]): Emitted[] {
  return outputs.flatMap((output) => {
    if (output.type === 'wait') return [];
    if (output.type === 'send') return [fact('member.said', { to: output.to, message: output.message })];
    if (output.type === 'voted') return [fact('member.voted', { term: output.term, candidate: output.candidate })];
    return [fact('leader.elected', { term: output.term, leader: output.leader, votes: output.votes, needed: output.needed })];
  });
}

/** A body that is too long for a fact stands in the input alone. */
function shown(body: unknown): { readonly chars: number; readonly body?: unknown } {
  const chars = JSON.stringify(body ?? null).length;
  return chars <= bodyInlineCharsMax ? { chars, body: body ?? null } : { chars };
}

function cut(text: string): string {
  return text.slice(0, bodyInlineCharsMax);
}
