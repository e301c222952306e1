import { chainStart } from '../../actors/cell/chain.ts';
import { Fold } from '../../actors/cell/fold.ts';
import type { Input } from '../../actors/cell/kind.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import { nothingBefore } from '../../actors/ports/journal.ts';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import { coordinatorActor, type TaskMessage } from '../../protocols/goals/task.ts';
import { inboxSubject, journalSubject, parseInboxSubject } from '../../protocols/subjects.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import { acceptGoal } from '../../swarm/goals/accept.ts';
import type { GoalSettings } from '../../swarm/swarm-host.ts';
import { checkGoal } from './goal-promises.ts';
import type { GoalScenario } from './goal-scenario.ts';
import { simulatedHost } from './host.ts';
import { type ModelTemper, simulatedModel, simulatedTooling, simulatedTools } from './model.ts';
import { Owner } from './owner.ts';
import { Process, type ProcessState } from './process.ts';
import { Store } from './store.ts';
import { Worker } from './worker.ts';
import { Violation, type World } from './world.ts';

const tenant = 'sim';
const root = 'g1';
/** Faults happen at most this long; then the network heals, and everything must end within the horizon. Milliseconds. */
const roughMsMin = 4_000;
const roughMsMax = 16_000;
/** When faults begin. Milliseconds. */
const faultMsMax = 3_000;
const horizonMs = 900_000;
/** How long an owner that nobody hears from keeps the goal, and a node its key. Milliseconds. */
const leaseMs = 1_500;
const watchMs = 250;

interface Machine {
  readonly name: string;
  process: Process;
  worker: Worker;
  incarnation: number;
}

/** One goal from its submission to its end, in a world that crashes, pauses, cuts, delays, doubles and reorders. */
export class GoalSchedule {
  readonly #world: World;
  readonly #scenario: GoalScenario;
  readonly #store = new Store();
  readonly #machines: Machine[] = [];
  readonly #processes = new Map<string, Process>();
  readonly #effects = new Map<string, number>();
  #owner: Owner | undefined;
  #temper: ModelTemper;
  readonly #offered = new Set<string>();
  #sent = 0;

  constructor(world: World, scenario: GoalScenario) {
    this.#world = world;
    this.#scenario = scenario;
    this.#temper = scenario.temper;
  }

  /** Throws a `Violation` for the first promise that is broken. */
  async run(): Promise<void> {
    const { processes, faults } = this.#scenario;
    for (let index = 0; index < processes; index += 1) this.#machines.push(this.#machine(`n${index + 1}`));
    await this.#submit();
    this.#own(this.#pickMachine());
    this.#watchOwner();
    this.#store.follow((entry, bodies) => {
      for (const { input, facts } of bodies) {
        this.#world.note(`${entry.stream.split('.').at(-1)} takes ${input.type} ${facts.map(({ type, data }) => `${type}${short(data)}`).join(' ')}`);
        if (facts.some(({ type }) => type === 'goal.paused'))
          this.#send(
            { type: 'goal.resume', quota: { maxTokens: quotaDefault.maxTokens, maxSeconds: quotaDefault.maxSeconds } },
            this.#world.random.whole(10, 500),
          );
      }
    });
    for (let fault = 0; fault < faults; fault += 1) this.#world.clock.timer(this.#world.random.whole(0, faultMsMax), () => this.#fault());
    this.#world.clock.timer(this.#world.random.whole(roughMsMin, roughMsMax), () => this.#heal());
    if (this.#scenario.cancels) this.#send({ type: 'goal.cancel', reason: 'the client cancels' }, this.#world.random.whole(0, 400));
    this.#deliver();
    // What stragglers tell after the end must not hurt either.
    const ended = await this.#world.run(() => this.#store.ended, horizonMs);
    if (!ended) throw new Violation(`the goal has no end: ${this.#where()}`);
    await this.#world.run(() => false, this.#world.elapsed + this.#world.random.pick([0, 3_000]));
    await checkGoal(this.#world, this.#store, this.#scenario, { effects: this.#effects, owner: this.#owner });
  }

  #machine(name: string, incarnation = 1): Machine {
    const process = new Process(this.#world, `${name}-${incarnation}`);
    this.#processes.set(process.name, process);
    const host = this.#hostOf(process);
    return { name, process, incarnation, worker: new Worker(this.#world, this.#store, process, host, (node) => this.#lives(node)) };
  }

  #hostOf(process: Process): ReturnType<typeof simulatedHost> {
    // One that has been overtaken without knowing it may start a call late; the writer of a journal knows what stands in it.
    const onCall = (key: string): void =>
      this.#world.check(
        !this.#store.settled.has(key) || !this.#store.writes(process.name, key),
        `the model is asked ${key} again though its answer was stored`,
      );
    return simulatedHost(this.#world, this.#store, process, {
      models: { call: (request, options) => simulatedModel(this.#world, process, this.#temper, onCall).call(request, options) },
      tools: simulatedTooling(this.#world, process, this.#effects),
      snapshotRecords: this.#scenario.snapshotRecords,
    });
  }

  async #submit(): Promise<void> {
    const { submission, taskAttemptsMax, poor, speculates } = this.#scenario;
    const profile = {
      name: 'default',
      model: 'sim/sim',
      modelWhy: 'simulated',
      system: 'system',
      tools: simulatedTools.filter(({ repeatable }) => repeatable || !speculates),
      outputTokensMax: 100,
      pool: 'default',
    };
    const settings: GoalSettings = {
      quota: {
        ...quotaDefault,
        ...(poor === 'tokens' ? { maxTokens: this.#world.random.whole(200, 2_000) } : {}),
        ...(poor === 'seconds' ? { maxSeconds: this.#world.random.whole(20, 600) / 1_000 } : {}),
      },
      agents: 3,
      fanIn: 4,
      taskAttemptsMax,
      stragglerFactor: 3,
      profile: () => profile,
      snapshotPath: () => Promise.reject(new Error('no paths here')),
    };
    const blobs = { put: (_tenant: string, bytes: Uint8Array) => Promise.resolve(this.#store.putBlob(bytes)) };
    const input = await acceptGoal(submission, root, tenant, settings, blobs as never);
    const stream = journalSubject({ tenant, root, actor: coordinatorActor });
    const inputJson = JSON.stringify(input);
    const at = this.#world.clock.now();
    const { facts } = new Fold(coordinatorKind, stream, 100).step(JSON.parse(inputJson) as Input, at);
    const { line } = sealRecord(chainStart(stream), { n: 1, at, inputJson, facts }, '0'.repeat(32));
    this.#store.append(stream, nothingBefore, [line]);
  }

  #pickMachine(): Machine {
    const up = this.#machines.filter(({ process }) => process.state === 'up');
    return this.#world.random.pick(up.length > 0 ? up : this.#machines);
  }

  /** A node counts as alive until its key has run out. */
  #lives(node: string): boolean {
    const process = this.#processes.get(node);
    return process !== undefined && (process.state === 'up' || this.#world.clock.now() - process.since < leaseMs);
  }

  #own({ process }: Machine): void {
    const owner: Owner = new Owner({
      world: this.#world,
      store: this.#store,
      process,
      host: this.#hostOf(process),
      tenant,
      root,
      holds: () => this.#owner === owner,
    });
    this.#owner = owner;
    this.#world.note(`${process.name} owns the goal`);
    owner.start();
  }

  /** The lease of an owner that is gone for too long passes to another process. */
  #watchOwner(): void {
    this.#world.clock.timer(watchMs, () => {
      const owner = this.#owner;
      if (!this.#store.ended) this.#watchOwner();
      if (owner === undefined || this.#lives(owner.process.name)) return;
      const next = this.#machines.filter(({ process }) => process.state === 'up');
      if (next.length === 0) return;
      this.#own(this.#world.random.pick(next));
      this.#retire(owner);
    });
  }

  /** The old owner learns of it some time after it is back; until then it acts on what it believes. */
  #retire(owner: Owner): void {
    this.#world.clock.timer(this.#world.random.whole(0, 400), () => {
      if (owner.process.state === 'dead' || this.#store.ended) return;
      if (owner.process.state === 'up') owner.stop();
      else this.#retire(owner);
    });
  }

  #fault(): void {
    if (this.#world.healed || this.#store.ended) return;
    const { random } = this.#world;
    const machine = random.pick(this.#machines);
    if (machine.process.state !== 'up') return;
    const kind = random.pick<ProcessState>(['dead', 'dead', 'paused', 'cut']);
    machine.process.set(kind);
    const forMs = random.pick([random.whole(5, 300), random.whole(300, 4_000)]);
    const { process } = machine;
    this.#world.clock.timer(forMs, () => this.#restore(machine, process));
    if (random.chance(0.3)) this.#world.clock.timer(random.whole(1, 1_000), () => this.#fault());
  }

  #restore(machine: Machine, process: Process): void {
    if (machine.process !== process || process.state === 'up') return;
    if (process.state !== 'dead') return process.set('up');
    const next = this.#machine(machine.name, machine.incarnation + 1);
    machine.process = next.process;
    machine.worker = next.worker;
    machine.incarnation = next.incarnation;
    this.#world.note(`${next.process.name} has started`);
  }

  #heal(): void {
    this.#world.healed = true;
    this.#world.note('the network has healed');
    this.#temper = { ...this.#temper, fails: 0, stalls: 0 };
    for (const machine of this.#machines) this.#restore(machine, machine.process);
  }

  #send(message: Readonly<Record<string, unknown>>, afterMs: number): void {
    this.#sent += 1;
    const id = `client-${this.#sent}`;
    const subject = inboxSubject({ tenant, root, actor: coordinatorActor }, 'client');
    this.#world.clock.timer(afterMs, () => this.#store.inbox.set(id, { subject, id, body: JSON.stringify({ ...message, id }) }));
  }

  /** Hands what waits in the queues to processes, in any order, and again when it was not acknowledged. */
  #deliver(): void {
    for (const [id, message] of this.#store.tasks) {
      if (this.#offered.has(id)) continue;
      this.#offered.add(id);
      this.#world.clock.timer(this.#world.delay(), () => this.#offerTask(id, JSON.parse(message.body) as TaskMessage));
    }
    for (const [id, message] of this.#store.inbox) {
      if (this.#offered.has(id)) continue;
      this.#offered.add(id);
      this.#world.clock.timer(this.#world.delay(), () => this.#offerMessage(id, message));
    }
    this.#world.clock.timer(5, () => {
      if (!this.#store.ended) this.#deliver();
    });
  }

  #offerTask(id: string, message: TaskMessage): void {
    if (!this.#store.tasks.has(id)) return;
    const machine = this.#world.random.pick(this.#machines);
    if (machine.process.state !== 'up') {
      this.#world.clock.timer(20, () => this.#offerTask(id, message));
      return;
    }
    machine.worker.take(id, message, (afterMs) => this.#world.clock.timer(afterMs, () => this.#offerTask(id, message)));
  }

  #offerMessage(id: string, message: { readonly subject: string; readonly id: string; readonly body: string }): void {
    if (!this.#store.inbox.has(id) || this.#store.ended) return;
    const again = (): void => void this.#world.clock.timer(100, () => this.#offerMessage(id, message));
    const actor = parseInboxSubject(message.subject)?.actor ?? '';
    const open = actor === coordinatorActor ? { process: this.#owner?.process, cell: this.#owner?.cell } : this.#openAgent(actor);
    if (open.process === undefined || open.cell === undefined || open.process.state !== 'up') return again();
    const { process, cell } = open;
    process.deliver(() => {
      cell
        .post({ ...(JSON.parse(message.body) as Input), id: message.id })
        .then(() => void process.call(() => (this.#world.random.chance(0.1) ? again() : void this.#store.inbox.delete(id))), again);
    });
    // A delivery whose process dies is made again.
    this.#world.clock.timer(1_000, () => process.state === 'up' || again());
  }

  #openAgent(actor: string): { process: Process | undefined; cell: NonNullable<Owner['cell']> | undefined } {
    const machine = this.#machines.find(({ worker }) => worker.cells.has(actor));
    return { process: machine?.process, cell: machine?.worker.cells.get(actor) };
  }

  #where(): string {
    const open = this.#machines.flatMap(({ worker, process }) => [...worker.cells].map(([actor, { state }]) => `${actor} ${state} at ${process.name}`));
    const cell = this.#owner?.cell;
    return `the coordinator is ${cell?.state ?? 'not open'} (${cell?.end?.reason ?? 'running'}), tasks waiting ${this.#store.tasks.size}, open agents ${open.join(', ') || 'none'}`;
  }
}

function short(data: unknown): string {
  const text = JSON.stringify(data);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
