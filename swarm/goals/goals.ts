import { chainStart } from '../../actors/cell/chain.ts';
import { loadFold } from '../../actors/cell/load.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import { nothingBefore } from '../../actors/ports/journal.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type Artifact, type GoalStatus, type GoalSubmission, type GoalView, isEnded, type Manifest, type QuotaOptions } from '../../protocols/goals/goal.ts';
import { coordinatorActor } from '../../protocols/goals/task.ts';
import { inboxSubject, journalSubject } from '../../protocols/subjects.ts';
import type { GoalAccept } from '../coordinator/coordinator.inputs.ts';
import { type CoordinatorTable, contributes } from '../coordinator/coordinator.table.ts';
import type { GoalSettings, SwarmHost } from '../swarm-host.ts';
import { acceptGoal, idempotentGoalId, submissionHash } from './accept.ts';
import { changesOf, type TaskChanges } from './changes.ts';
import { firstFacts } from './first-facts.ts';
import { type GoalRow, goalKey, listPrefix } from './goal-index.ts';
import { goalView } from './goal-view.ts';

/** Rows read at once while a list is filtered by status. */
const listPageRows = 200;

/** Goals as a gateway needs them: submitted by their first append, read from the index, reached through their inbox. */
export class Goals {
  readonly #host: SwarmHost;
  readonly #settings: GoalSettings;
  readonly #onTouched: (tenant: string, root: string) => void;

  /** `onTouched` is told of each root that a client asks something of. */
  constructor(host: SwarmHost, settings: GoalSettings, onTouched: (tenant: string, root: string) => void = () => undefined) {
    this.#host = host;
    this.#settings = settings;
    this.#onTouched = onTouched;
  }

  /** Resolves once `goal.accepted` is durable. The same idempotency key and body answers the same id, another body throws `idempotency_conflict`. */
  async submit(tenant: string, submission: GoalSubmission): Promise<{ id: string }> {
    const { idempotencyKey } = submission;
    const id = idempotencyKey === undefined ? this.#host.ids.id() : idempotentGoalId(tenant, idempotencyKey);
    try {
      await this.#appendFirst(tenant, id, await acceptGoal(submission, id, tenant, this.#settings, this.#host.bus.blobs));
      return { id };
    } catch (error) {
      // What was accepted once stays so, also where it would be refused now: its blobs may be gone, its profile be another.
      const known = idempotencyKey === undefined ? undefined : await this.#row(tenant, id);
      if (known === undefined) throw error;
      return this.#sameBody(known, submission);
    }
  }

  async get(tenant: string, id: string): Promise<GoalView> {
    const row = await this.#mustRow(tenant, id);
    const result = row.blob === null ? row.result : new TextDecoder().decode(await this.#host.bus.blobs.get(tenant, row.blob));
    return goalView(row, result, this.#host.clock.now());
  }

  /** Newest first. `next` is the `after` of the next page, null at the end. */
  async list(
    tenant: string,
    { limit, after, status }: { limit: number; after?: string; status?: GoalStatus },
  ): Promise<{ items: GoalView[]; next: string | null }> {
    const items: GoalView[] = [];
    const prefix = listPrefix(tenant);
    let from = after === undefined ? undefined : `${prefix}${after}`;
    for (;;) {
      const rows = await this.#host.bus.index.scan({ prefix, limit: listPageRows, reverse: true, ...(from === undefined ? {} : { after: from }) });
      for (const { key, value } of rows) {
        from = key;
        const row = await this.#row(tenant, value);
        if (row === undefined || (status !== undefined && row.status !== status)) continue;
        items.push(goalView(row, row.result, this.#host.clock.now()));
        if (items.length === limit) return { items, next: key.slice(prefix.length) };
      }
      if (rows.length < listPageRows) return { items, next: null };
    }
  }

  /** Resolves once the cancel is stored in the goal's inbox. */
  async cancel(tenant: string, id: string, reason = 'cancelled by its owner'): Promise<void> {
    await this.#mustBeAlive(tenant, id);
    await this.#send(tenant, id, { type: 'goal.cancel', reason });
  }

  /** Goes on with a paused goal, with a larger quota where one is given. */
  async resume(tenant: string, id: string, quota?: QuotaOptions): Promise<void> {
    const row = await this.#mustBeAlive(tenant, id);
    if (row.status !== 'paused') {
      throw new FlockworkError('goal_not_paused', `goal ${id} is ${row.status}; only a paused goal is resumed`, {
        details: { goalId: id, status: row.status },
      });
    }
    await this.#send(tenant, id, quota === undefined ? { type: 'goal.resume' } : { type: 'goal.resume', quota });
  }

  /** Hands a message to the agents at work on the goal. */
  async sendMessage(tenant: string, id: string, text: string): Promise<{ id: string }> {
    await this.#mustBeAlive(tenant, id);
    return { id: await this.#send(tenant, id, { type: 'goal.note', text }) };
  }

  /** What came out of the goal: every change, equal ones of several tasks once, and the manifest that it began with. */
  async artifacts(tenant: string, id: string): Promise<{ items: Artifact[]; manifest: Manifest }> {
    const row = await this.#mustRow(tenant, id);
    const stream = journalSubject({ tenant, root: id, actor: coordinatorActor });
    const { bus, kinds, cellBounds } = this.#host;
    const { fold } = await loadFold(bus, kinds, stream, cellBounds.inboxSeenMax);
    const table = fold?.table as CoordinatorTable | undefined;
    const manifest = row.workspaceBlob === null ? { files: [] } : await this.#json<Manifest>(tenant, row.workspaceBlob);
    const tasks: TaskChanges[] = [];
    for (const [task, { follows, artifacts, artifactsBlob }] of table?.tasks.entries() ?? []) {
      if (table !== undefined && !contributes(table, task)) continue;
      tasks.push({ task, follows, artifacts: artifactsBlob === null ? artifacts : await this.#json<Artifact[]>(tenant, artifactsBlob) });
    }
    return { items: changesOf(manifest, tasks), manifest };
  }

  async #json<Value>(tenant: string, blob: string): Promise<Value> {
    return JSON.parse(new TextDecoder().decode(await this.#host.bus.blobs.get(tenant, blob))) as Value;
  }

  /** Record 1 is the machine's pure first step; what it asks for is not released: the shard's owner will. */
  async #appendFirst(tenant: string, root: string, input: GoalAccept): Promise<void> {
    const stream = journalSubject({ tenant, root, actor: coordinatorActor });
    const at = this.#host.clock.now();
    const facts = firstFacts(input, at);
    const { line } = sealRecord(chainStart(stream), { n: 1, at, inputJson: JSON.stringify(input), facts }, this.#host.ids.salt());
    await this.#host.bus.journal.append(stream, nothingBefore, [line]);
  }

  #sameBody(row: GoalRow, submission: GoalSubmission): { id: string } {
    if (row.bodyHash === submissionHash(submission)) return { id: row.id };
    throw new FlockworkError('idempotency_conflict', `the idempotency key was used for goal ${row.id} with another body; take a new key for a new goal`, {
      details: { goalId: row.id },
    });
  }

  async #send(tenant: string, root: string, message: Readonly<Record<string, unknown>>): Promise<string> {
    const id = this.#host.ids.id();
    const subject = inboxSubject({ tenant, root, actor: coordinatorActor }, this.#host.node);
    await this.#host.bus.inbox.push({ subject, id, body: JSON.stringify({ ...message, id }) });
    this.#onTouched(tenant, root);
    return id;
  }

  async #row(tenant: string, id: string): Promise<GoalRow | undefined> {
    const text = await this.#host.bus.index.get(goalKey(tenant, id));
    return text === undefined ? undefined : (JSON.parse(text) as GoalRow);
  }

  async #mustRow(tenant: string, id: string): Promise<GoalRow> {
    const row = await this.#row(tenant, id);
    if (row === undefined)
      throw new FlockworkError('goal_unknown', `there is no goal '${id.slice(0, 128)}' of this tenant; goal.list names those there are`, {
        details: { goalId: id },
      });
    return row;
  }

  async #mustBeAlive(tenant: string, id: string): Promise<GoalRow> {
    const row = await this.#mustRow(tenant, id);
    if (isEnded(row.status))
      throw new FlockworkError('goal_ended', `goal ${id} has already ${row.status === 'cancelled' ? 'been cancelled' : row.status}`, {
        details: { goalId: id, status: row.status },
      });
    return row;
  }
}
