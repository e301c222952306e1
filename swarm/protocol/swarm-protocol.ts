import type { Bus } from '../../actors/ports/bus.ts';
import type { Clock } from '../../actors/ports/clock.ts';
import type { Ids } from '../../actors/ports/ids.ts';
import type { Subscription } from '../../actors/ports/journal.ts';
import { FlockworkError, failureOf } from '../../protocols/errors/error.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { deliverSubject, isToken } from '../../protocols/subjects.ts';
import { type ElectionInput, type ElectionMessage, majorityOf } from '../election/election.ts';
import { type Ballot, cast, openPoll, tallyOf } from '../voting/poll.ts';
import { electorateOf, type QuorumRule, shownVotes } from '../voting/quorum.ts';
import { answerMs as answerMsDefault, electionBackoffMs, electionBackoffMsMax, electionsMax, messageBytesMax, roundsDefault } from './bounds.ts';
import { MemberJournal, memberActor } from './member-journal.ts';
import { type MemberQuestion, type MemberRequest, type MemberVote, readElection, readRequest, readVoteAnswer } from './member-messages.ts';

export interface SwarmProtocolOptions {
  readonly bus: Pick<Bus, 'pubsub' | 'journal' | 'blobs'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'salt'>;
  readonly tenant: string;
  /** Names the group; a subject token. */
  readonly group: string;
  /** This member, one of `members`; subject tokens. The members of a group are fixed. */
  readonly self: string;
  readonly members: readonly string[];
  /** Votes, or decides as the leader. A throw is an abstention that the asker sees as no answer. */
  readonly onVote: (question: MemberQuestion) => Promise<MemberVote> | MemberVote;
  /** Takes what others broadcast. */
  readonly onMessage?: (from: string, body: unknown) => void;
  /** How long a member may take to answer. Milliseconds. */
  readonly answerMs?: number;
}

export interface VoteOutcome {
  /** True when this member is the leader now. */
  readonly elected: boolean;
  readonly term: number;
  /** The leader of the term, as far as this member knows. */
  readonly leader: string | null;
  readonly votes: readonly string[];
  readonly needed: number;
}

export interface ConsensusOptions {
  readonly question: string;
  readonly choices: readonly string[];
  /** Default `majority`. */
  readonly quorum?: QuorumRule;
  /** Default 3. */
  readonly rounds?: number;
  /** What happens without a quorum. Default `leader`. */
  readonly noQuorum?: 'leader' | 'fail';
}

export interface ConsensusOutcome {
  readonly choice: string;
  /** `quorum`, or the leader that decided. */
  readonly by: string;
  readonly round: number;
  /** Votes for the choice in that round, as the weights were given; of a leader's choice too. */
  readonly votes: number;
  readonly needed: number;
  /** Every ballot of every round. */
  readonly ballots: readonly Ballot[];
}

/**
 * A member of a fixed group that speaks over the bus: tells all others, stands for leader, and asks all to decide.
 * What it says, hears and promises is a record of its journal first, `member-<self>` of the root that is the group.
 */
export class SwarmProtocol {
  readonly #options: SwarmProtocolOptions;
  readonly #journal: MemberJournal;
  readonly #answerMs: number;
  #served: Subscription | undefined;

  /** Throws `subject_invalid` for names that are no tokens, `invalid_request` when `self` is none of the members. */
  constructor(options: SwarmProtocolOptions) {
    const { tenant, group, self, members } = options;
    for (const token of [tenant, group, ...members.map(memberActor)]) {
      if (!isToken(token))
        throw new FlockworkError('subject_invalid', `'${token}' cannot name a group or a member: use letters, digits, '-' and '_'`, { details: { token } });
    }
    if (!members.includes(self) || new Set(members).size !== members.length) {
      throw new FlockworkError('invalid_request', `the members of ${group} are ${members.join(', ')}; each is named once, and ${self} must be one of them`, {
        details: { self },
      });
    }
    this.#options = options;
    this.#answerMs = options.answerMs ?? answerMsDefault;
    this.#journal = new MemberJournal(options);
  }

  /** The leader that this member knows of. */
  get leader(): string | null {
    return this.#journal.election?.leader ?? null;
  }

  get term(): number {
    return this.#journal.election?.term ?? 0;
  }

  /** Takes over what this member has promised before, and begins to answer the others. */
  async start(): Promise<void> {
    const { self, bus } = this.#options;
    await this.#journal.open();
    this.#served = await bus.pubsub.serve(this.#subject(self), (text) => this.#answer(readRequest(text)));
  }

  async stop(): Promise<void> {
    await this.#served?.stop();
    this.#served = undefined;
    await this.#journal.settled();
  }

  /** Tells every other member; answers who has taken it, and why the others have not. */
  async broadcast(
    body: unknown,
  ): Promise<{ readonly reached: readonly string[]; readonly missed: readonly { readonly member: string; readonly code: string }[] }> {
    const { self, members } = this.#options;
    const request: MemberRequest = { type: 'message', from: self, body };
    mustFit(request);
    await this.#journal.add({ type: 'message.broadcast', body });
    const reached: string[] = [];
    const missed: { member: string; code: string }[] = [];
    await Promise.all(
      this.#others.map(async (member) => {
        try {
          await this.#ask(member, request);
          reached.push(member);
        } catch (error) {
          missed.push({ member, code: failureOf(error).code });
        }
      }),
    );
    const inOrder = members.filter((member) => reached.includes(member));
    await this.#journal.add({ type: 'broadcast.ended', reached: inOrder, missed });
    return { reached: inOrder, missed };
  }

  /** Stands for leader, again in a higher term while nobody has a majority, until a leader is known or electionsMax terms have passed. */
  async requestVote(): Promise<VoteOutcome> {
    const { members, self, clock } = this.#options;
    const needed = majorityOf(members);
    for (let election = 0; ; election += 1) {
      const votes = await this.#stand();
      const { term, leader } = this;
      if (leader !== null || election + 1 >= electionsMax) return { elected: leader === self, term, leader, votes, needed };
      // Each member waits another while, so that two do not stand in the same moment for ever.
      const waitMs = Math.min(electionBackoffMs * 2 ** election, electionBackoffMsMax) * (1 + members.indexOf(self) / members.length);
      await new Promise<void>((resolve) => clock.timer(waitMs, resolve));
      if (this.leader !== null) return { elected: this.leader === self, term: this.term, leader: this.leader, votes: [], needed };
    }
  }

  /** Asks all members to vote, in rounds, until a choice has its quorum. Throws `no_quorum`, and `strategy_invalid` for a quorum that cannot be. */
  async reachConsensus({ question, choices, quorum = 'majority', rounds = roundsDefault, noQuorum = 'leader' }: ConsensusOptions): Promise<ConsensusOutcome> {
    const { members } = this.#options;
    const electorate = electorateOf(quorum, members);
    const needed = shownVotes(electorate, electorate.needed);
    const ballots: Ballot[] = [];
    let votes: Readonly<Record<string, number>> = {};
    for (let round = 1; round <= rounds; round += 1) {
      const poll = openPoll(round, choices);
      const asked: MemberQuestion = { question, choices, round, before: [...ballots], deciding: false };
      await this.#journal.add({ type: 'ballot.ask', question: asked, of: members });
      await Promise.all(
        members.map(async (voter) => {
          const vote = await this.#vote(voter, asked).catch(() => undefined);
          // No answer is no ballot; a choice that nobody offered is an abstention.
          if (vote !== undefined)
            cast(electorate, poll, { round, voter, choice: choices.includes(vote.choice ?? '') ? vote.choice : null, rationale: vote.rationale });
        }),
      );
      ballots.push(...poll.ballots.toSorted((a, b) => members.indexOf(a.voter) - members.indexOf(b.voter)));
      const tally = tallyOf(electorate, poll);
      votes = tally.votes;
      await this.#close(round, tally.decided, tally.decided === null ? null : 'quorum', votes, needed);
      if (tally.decided !== null)
        return { choice: tally.decided, by: 'quorum', round, votes: shownVotes(electorate, votes[tally.decided] ?? 0), needed, ballots };
    }
    if (noQuorum === 'fail') throw noQuorumError(question, rounds, needed);
    const leader = this.leader ?? (await this.requestVote()).leader;
    const asked: MemberQuestion = { question, choices, round: rounds, before: ballots, deciding: true };
    if (leader !== null) await this.#journal.add({ type: 'ballot.ask', question: asked, of: [leader] });
    const decision = leader === null ? undefined : await this.#vote(leader, asked).catch(() => undefined);
    const choice = decision?.choice ?? null;
    if (leader === null || choice === null || !choices.includes(choice)) throw noQuorumError(question, rounds, needed, leader);
    await this.#close(rounds, choice, leader, votes, needed);
    return { choice, by: leader, round: rounds, votes: shownVotes(electorate, votes[choice] ?? 0), needed, ballots };
  }

  get #others(): readonly string[] {
    return this.#options.members.filter((member) => member !== this.#options.self);
  }

  #subject(member: string): string {
    return deliverSubject({ tenant: this.#options.tenant, root: this.#options.group, actor: member });
  }

  async #ask(member: string, request: MemberRequest): Promise<string> {
    return this.#options.bus.pubsub.request(this.#subject(member), mustFit(request), { timeoutMs: this.#answerMs });
  }

  async #vote(voter: string, question: MemberQuestion): Promise<MemberVote> {
    const { self } = this.#options;
    if (voter === self) return this.#cast(question);
    const vote = readVoteAnswer(await this.#ask(voter, { type: 'ballot', from: self, question }));
    await this.#journal.add({ type: 'ballot.taken', voter, round: question.round, ...vote });
    return vote;
  }

  async #answer(request: MemberRequest): Promise<string> {
    const { members, self, onMessage } = this.#options;
    if (!members.includes(request.from) || request.from === self)
      throw new FlockworkError('forbidden', `${request.from} is no other member of this group`, { details: { from: request.from } });
    switch (request.type) {
      case 'message':
        await this.#journal.add({ type: 'message.heard', from: request.from, body: request.body });
        onMessage?.(request.from, request.body);
        return '{}';
      case 'ballot':
        await this.#journal.add({ type: 'ballot.heard', from: request.from, question: request.question });
        return JSON.stringify(await this.#cast(request.question));
      case 'election': {
        if (request.message.from !== request.from)
          throw new FlockworkError('forbidden', `${request.from} speaks for ${request.message.from}`, { details: { from: request.from } });
        const outputs = await this.#step(request.message);
        return JSON.stringify({ answers: said(outputs).flatMap(({ to, message }) => (to === request.from ? [message] : [])) });
      }
    }
  }

  /** One term: asks all for their vote, and tells all when there are enough. Answers who voted for this member. */
  async #stand(): Promise<readonly string[]> {
    let votes: readonly string[] = [];
    const carry = async (facts: readonly Fact[]): Promise<void> => {
      for (const { type, data } of facts) if (type === 'leader.elected') votes = data['votes'] as readonly string[];
      await Promise.all(
        said(facts).map(async ({ to, message }) => {
          const answers = await this.#ask(to, { type: 'election', from: this.#options.self, message }).then(answersOf, () => []);
          for (const answer of answers) await carry(await this.#step(answer));
        }),
      );
    };
    await carry(await this.#step({ type: 'election.timeout' }));
    return votes;
  }

  /** Takes one step, and lets nothing of it out before it is durable: what is to be sent is what the record says. */
  #step(step: ElectionInput): Promise<readonly Fact[]> {
    return this.#journal.add({ type: 'election.step', step });
  }

  /** This member's own ballot, durable before anybody hears of it. */
  async #cast(question: MemberQuestion): Promise<MemberVote> {
    const { choice, rationale } = await this.#options.onVote(question);
    await this.#journal.add({ type: 'ballot.cast', voter: this.#options.self, round: question.round, choice, rationale });
    return { choice, rationale };
  }

  async #close(round: number, choice: string | null, by: string | null, votes: Readonly<Record<string, number>>, needed: number): Promise<void> {
    await this.#journal.add({ type: 'round.close', round, choice, by, votes, needed });
  }
}

/** The request as text. Throws `frame_too_large`. */
function mustFit(request: MemberRequest): string {
  const text = JSON.stringify(request);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > messageBytesMax)
    throw new FlockworkError('frame_too_large', `a message of ${bytes} bytes is above the bound of ${messageBytesMax}; send it as a blob`, {
      details: { bytes, messageBytesMax },
    });
  return text;
}

/** The messages of an election that a record says are to be sent. */
function said(facts: readonly Fact[]): { readonly to: string; readonly message: ElectionMessage }[] {
  return facts.flatMap(({ type, data }) =>
    type === 'member.said' && data['message'] !== undefined ? [{ to: String(data['to']), message: readElection(data['message']) }] : [],
  );
}

function answersOf(text: string): ElectionMessage[] {
  const { answers } = JSON.parse(text) as { answers?: unknown };
  return Array.isArray(answers) ? answers.map(readElection) : [];
}

function noQuorumError(question: string, rounds: number, needed: number, leader?: string | null): FlockworkError {
  const decided = leader === undefined ? '' : leader === null ? ', and no leader was elected' : `, and the leader ${leader} did not decide`;
  return new FlockworkError('no_quorum', `no choice for '${question.slice(0, 200)}' had the ${needed} votes that it needs in ${rounds} round(s)${decided}`, {
    details: { rounds, needed },
  });
}
