import { canonicalJson } from '../../actors/cell/canonical.ts';
import { type ElectionInput, type ElectionOutput, type ElectionState, openElection, stepElection } from '../../swarm/election/election.ts';
import { Violation, type World } from './world.ts';

/** The longest and the shortest wait before a member stands, and the beat of a leader. Milliseconds. */
const waitMsMin = 150;
const waitMsMax = 300;
const beatMs = 50;
/** Faults happen this long; then one leader must be known to all within the horizon. Milliseconds. */
const roughMs = 3_000;
const horizonMs = 60_000;

/** A member as its journal makes it: inputs first, what they lead to only after they are stored. */
class Member {
  readonly name: string;
  readonly #world: World;
  readonly #members: readonly string[];
  readonly #release: (from: Member, output: ElectionOutput) => void;
  /** The journal: outlives the process. */
  readonly inputs: ElectionInput[] = [];
  state: ElectionState;
  up = true;
  #incarnation = 0;
  #waits = 0;

  constructor(world: World, name: string, members: readonly string[], release: (from: Member, output: ElectionOutput) => void) {
    this.#world = world;
    this.name = name;
    this.#members = members;
    this.#release = release;
    this.state = openElection(name, members);
    this.#wait();
    this.#beat();
  }

  /** Stores an input, then steps it, then lets out what it led to; it may die between any two of these. */
  take(input: ElectionInput): void {
    if (!this.up) return;
    const { random, clock } = this.#world;
    const incarnation = this.#incarnation;
    const alive = (): boolean => this.up && incarnation === this.#incarnation;
    if (!this.#world.healed && random.chance(0.005)) return this.crash();
    this.inputs.push(input);
    const outputs = stepElection(this.state, input);
    if (!this.#world.healed && random.chance(0.005)) return this.crash();
    clock.timer(random.whole(0, 2), () => {
      if (!alive()) return;
      for (const output of outputs) {
        if (output.type === 'wait') this.#wait();
        else this.#release(this, output);
      }
    });
  }

  crash(): void {
    if (!this.up) return;
    this.up = false;
    this.#incarnation += 1;
    this.#world.note(`${this.name} has crashed`);
    this.#world.clock.timer(this.#world.random.whole(10, 800), () => this.reopen());
  }

  /** Folds the journal again: the member is what its inputs made of it. */
  reopen(): void {
    if (this.up) return;
    const before = canonicalJson(this.state);
    this.state = this.replayed();
    this.#world.check(canonicalJson(this.state) === before, `${this.name} has another state from its journal`);
    this.up = true;
    this.#world.note(`${this.name} is back in term ${this.state.term}`);
    this.take({ type: 'member.reopened' });
    this.#wait();
    this.#beat();
  }

  replayed(): ElectionState {
    const state = openElection(this.name, this.#members);
    for (const input of this.inputs) stepElection(state, input);
    return state;
  }

  #wait(): void {
    this.#waits += 1;
    const waits = this.#waits;
    const incarnation = this.#incarnation;
    this.#world.clock.timer(this.#world.random.whole(waitMsMin, waitMsMax), () => {
      if (!this.up || incarnation !== this.#incarnation || waits !== this.#waits) return;
      if (this.state.role === 'leader') return this.#wait();
      this.take({ type: 'election.timeout' });
      this.#wait();
    });
  }

  #beat(): void {
    const incarnation = this.#incarnation;
    this.#world.clock.timer(beatMs, () => {
      if (!this.up || incarnation !== this.#incarnation) return;
      if (this.state.role === 'leader') this.take({ type: 'heartbeat.due' });
      this.#beat();
    });
  }
}

/** Members that elect a leader over a network that loses, delays, doubles, reorders and parts them, and that crash and come back. */
export class ElectionSchedule {
  readonly #world: World;
  readonly #members: Member[];
  /** Who was elected in each term, by whom. */
  readonly #leaders = new Map<number, string>();
  /** Whom each member gave its vote of a term. */
  readonly #votes = new Map<string, string>();
  #sides = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    const names = Array.from({ length: world.random.whole(1, 7) }, (_, index) => `m${index + 1}`);
    this.#members = names.map((name) => new Member(world, name, names, (from, output) => this.#release(from, output)));
  }

  async run(): Promise<void> {
    const { clock, random } = this.#world;
    const faults = random.whole(0, 8);
    for (let fault = 0; fault < faults; fault += 1) clock.timer(random.whole(0, roughMs), () => this.#fault());
    clock.timer(roughMs, () => {
      this.#world.healed = true;
      this.#sides = new Map();
      for (const member of this.#members) member.reopen();
      this.#world.note('the network has healed');
    });
    const settled = await this.#world.run(() => this.#world.healed && this.#agreed(), horizonMs);
    if (!settled)
      throw new Violation(
        `the members agree on no leader: ${this.#members.map(({ name, state }) => `${name} ${state.role} in ${state.term} for ${state.leader}`).join(', ')}`,
      );
    for (const member of this.#members) {
      if (canonicalJson(member.replayed()) !== canonicalJson(member.state)) throw new Violation(`the journal of ${member.name} replays to another state`);
    }
  }

  #agreed(): boolean {
    const [first] = this.#members;
    const leader = first?.state.leader ?? null;
    return leader !== null && this.#members.every(({ state, up }) => up && state.leader === leader && state.term === first?.state.term);
  }

  #fault(): void {
    const { random } = this.#world;
    if (random.chance(0.4)) return random.pick(this.#members).crash();
    const sides = random.whole(2, 3);
    this.#sides = new Map(this.#members.map(({ name }) => [name, random.whole(1, sides)]));
    this.#world.note(`the network parts: ${[...this.#sides].map(([name, side]) => `${name}:${side}`).join(' ')}`);
    this.#world.clock.timer(random.whole(50, 1_500), () => {
      this.#sides = new Map();
    });
  }

  #release(from: Member, output: ElectionOutput): void {
    switch (output.type) {
      case 'send':
        return this.#carry(from.name, output.to, output.message);
      case 'voted': {
        const key = `${output.term} ${from.name}`;
        const before = this.#votes.get(key);
        this.#world.check(
          before === undefined || before === output.candidate,
          `${from.name} votes for ${before} and for ${output.candidate} in term ${output.term}`,
        );
        this.#votes.set(key, output.candidate);
        return;
      }
      case 'elected': {
        this.#world.note(`${output.leader} is elected in term ${output.term} by ${output.votes.join(', ')}`);
        const before = this.#leaders.get(output.term);
        this.#world.check(before === undefined || before === output.leader, `term ${output.term} has two leaders, ${before} and ${output.leader}`);
        this.#world.check(
          new Set(output.votes).size * 2 > this.#members.length,
          `${output.leader} is elected in term ${output.term} by ${output.votes.join(', ')} of ${this.#members.length}`,
        );
        for (const voter of output.votes) {
          const vote = this.#votes.get(`${output.term} ${voter}`);
          this.#world.check(vote === output.leader, `${output.leader} counts the vote of ${voter} in term ${output.term}, which went to ${vote}`);
        }
        this.#leaders.set(output.term, output.leader);
        return;
      }
      case 'wait':
        return;
    }
  }

  #carry(from: string, to: string, message: ElectionInput): void {
    const { random, clock, healed } = this.#world;
    const times = healed ? 1 : random.chance(0.05) ? 0 : random.chance(0.1) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const ms = random.chance(0.05) && !healed ? random.whole(100, 1_000) : random.whole(1, 15);
      clock.timer(ms, () => {
        if (this.#sides.get(from) === this.#sides.get(to)) this.#members.find(({ name }) => name === to)?.take(message);
      });
    }
  }
}
