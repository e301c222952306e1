import { agentKind } from '../../actors/agent/agent.kind.ts';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import { chainStart } from '../../actors/cell/chain.ts';
import { Fold, type PendingRequest } from '../../actors/cell/fold.ts';
import type { ActorKind, Input } from '../../actors/cell/kind.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import { type Journal, nothingBefore, type Position } from '../../actors/ports/journal.ts';
import { quotaDefault } from '../../protocols/goals/goal.ts';
import { agentActor, coordinatorActor } from '../../protocols/goals/task.ts';
import { journalSubject } from '../../protocols/subjects.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';

export interface MadeGoalOptions {
  readonly tenant: string;
  readonly root: string;
  /** Map tasks; each of their agents takes `7` inputs. */
  readonly parts: number;
  readonly agents: number;
}

const salt = '0'.repeat(32);

/** One actor whose records are made by its own machine, and stored. */
class MadeActor {
  readonly fold: Fold;
  readonly stream: string;
  readonly #journal: Journal;
  #position: Position = nothingBefore;
  #hash: string;

  constructor(journal: Journal, kind: ActorKind, tenant: string, root: string, actor: string) {
    this.stream = journalSubject({ tenant, root, actor });
    this.fold = new Fold(kind, this.stream, cellBoundsDefault.inboxSeenMax);
    this.#journal = journal;
    this.#hash = chainStart(this.stream);
  }

  async take(input: Input, at: number): Promise<readonly PendingRequest[]> {
    const inputJson = JSON.stringify(input);
    const { facts, requests } = this.fold.step(JSON.parse(inputJson) as Input, at);
    const { line, hash } = sealRecord(this.#hash, { n: this.fold.n, at, inputJson, facts }, salt);
    this.#hash = hash;
    this.#position = await this.#journal.append(this.stream, this.#position, [line]);
    return requests;
  }
}

const usage = { input: 900, cacheRead: 0, cacheWrite: 0, output: 120, reasoning: 0 };
const quota = { ...quotaDefault, maxTokens: 1_000_000_000, maxToolCalls: 1_000_000, maxCostUsd: 10_000, maxSeconds: 1_000_000 };
const profile = { name: 'default', model: 'x/y', modelWhy: 'made', system: 'be brief', tools: [], outputTokensMax: 500, pool: 'default' };
const readTool = { name: 'fs.read', description: 'Reads.', parameters: { type: 'object' }, repeatable: true, parallel: true, writes: false };

/** A goal of any size as its actors would have left it, and how many records it has. */
export async function makeGoal(journal: Journal, { tenant, root, parts, agents }: MadeGoalOptions): Promise<number> {
  let at = 1_700_000_000_000;
  let records = 0;
  const step = async (actor: MadeActor, input: Input): Promise<readonly PendingRequest[]> => {
    at += 3;
    records += 1;
    return actor.take(input, at);
  };
  const coordinator = new MadeActor(journal, coordinatorKind as unknown as ActorKind, tenant, root, coordinatorActor);
  const pushes: PendingRequest[] = [];
  const drive = async (input: Input): Promise<void> => {
    for (const asked of await step(coordinator, input)) if (asked.request.type === 'task.push') pushes.push(asked);
  };
  const goal = 'Look at every file';
  const strategy = { type: 'map-reduce', fanIn: 64, onFailure: 'partial' };
  const plan = { blob: 'b'.repeat(64), count: parts };
  await drive({
    type: 'goal.accept',
    machine: 'coordinator',
    version: coordinatorKind.version,
    tenant,
    goalId: root,
    goal,
    strategy,
    why: 'asked for',
    agents,
    quota,
    profile,
    plan,
    workspace: null,
    taskAttemptsMax: 3,
    stragglerFactor: 3,
    bodyHash: 'h'.repeat(64),
  });
  await drive({ type: 'cell.opened', node: 'n1', epoch: 1 });
  const work = async ({ key, request }: PendingRequest): Promise<Input> => {
    const [task = '', attempt = '1'] = request.ref.split('-');
    const actor = new MadeActor(journal, agentKind as unknown as ActorKind, tenant, root, agentActor(task, Number(attempt)));
    const spec = {
      profile: 'default',
      model: 'x/y',
      system: 'be brief',
      prompt: goal,
      role: 'map',
      material: [],
      tools: [readTool],
      outputTokensMax: 500,
      approvalMaxMs: 1_000,
    };
    const allotment = { ticks: 10, tokens: 100_000, toolCalls: 50, costMicroUsd: 300_000 };
    const assign = {
      type: 'agent.assign',
      machine: 'agent',
      version: agentKind.version,
      node: 'n1',
      epoch: 1,
      task,
      attempt: Number(attempt),
      allotment,
      spec,
    };
    let pending = await step(actor, assign as unknown as Input);
    const [think] = pending;
    const toolCalls = [0, 1].map((index) => ({ id: `call-${index}`, name: 'fs.read', input: { path: `src/${task}/${index}.ts` } }));
    const reply = { type: 'model.replied', finish: 'tool-calls', text: '', toolCalls, usage, costMicroUsd: 20, answeredBy: 'made' };
    pending = await step(actor, { ...reply, key: think?.key ?? '', ref: think?.request.ref });
    let after: readonly PendingRequest[] = [];
    for (const tool of pending.filter(({ request: asked }) => asked.type === 'tool.run'))
      after = await step(actor, { type: 'tool.completed', text: 'export const answer = 42;', truncated: false, key: tool.key, ref: tool.request.ref });
    const [again] = after;
    const answer = { ...reply, finish: 'stop', text: `All is well in ${task}. ${'It was read line by line. '.repeat(6)}`, toolCalls: [] };
    await step(actor, { ...answer, key: again?.key ?? '', ref: again?.request.ref });
    if (actor.fold.state !== 'answered') throw new Error(`the made agent ended as ${actor.fold.state}`);
    const spent = { modelCalls: 2, toolCalls: 2, tokens: 2_040, costMicroUsd: 40, costUnknown: false, estimated: false };
    const agent = `agent-${request.ref}`;
    const ended = {
      type: 'task.ended',
      task,
      attempt: Number(attempt),
      agent,
      n: actor.fold.n,
      hash: 'a'.repeat(64),
      outcome: 'answered',
      result: answer.text,
      usage: spent,
    };
    return { ...ended, id: `${agent}:${actor.fold.n}`, key };
  };
  while (pushes.length > 0) for (const ended of await Promise.all(pushes.splice(0, agents).map(work))) await drive(ended);
  if (coordinator.fold.state !== 'completed') throw new Error(`the made goal ended as ${coordinator.fold.state}`);
  return records;
}
