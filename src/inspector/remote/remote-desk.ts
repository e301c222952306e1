import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { InspectorBounds } from '../bounds.ts';
import type { SeenActor, TenantHub } from '../hub.ts';
import { shownContext } from '../shown-context.ts';
import { usageTold } from '../usage/usage-view.ts';
import { type RemoteAnswer, type RemoteRow, remoteQuestion } from './remote-protocol.ts';

/** Answers what other nodes ask of this one's own actors. Until somebody asks, nothing leaves the node. */
export class RemoteDesk {
  readonly #hubOf: (tenant: string) => TenantHub | undefined;
  readonly #bounds: InspectorBounds;
  readonly #redact: (text: string) => string;
  readonly #life: string;

  constructor(options: { hubOf: (tenant: string) => TenantHub | undefined; bounds: InspectorBounds; redact: (text: string) => string; life: string }) {
    this.#hubOf = options.hubOf;
    this.#bounds = options.bounds;
    this.#redact = options.redact;
    this.#life = options.life;
  }

  /** Throws `invalid_request`. */
  answer(body: string): string {
    const question = remoteQuestion.safeParse(JSON.parse(body));
    if (!question.success)
      throw new FlockworkError('invalid_request', 'another node asked what this one does not know; run the same release on both', {
        details: { issues: question.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) },
      });
    const { tenant, life, watch, usage } = question.data;
    const after = life === this.#life ? question.data.after : 0;
    const hub = this.#hubOf(tenant);
    if (hub === undefined) return JSON.stringify({ life: this.#life, after, rows: [], behind: 0 } satisfies RemoteAnswer);
    const changed = hub.changedAfter(after);
    const told = changed.slice(0, this.#bounds.rowsPerTickMax);
    const watched = new Set(watch.slice(0, this.#bounds.watchedActorsMax));
    const answer: RemoteAnswer = {
      life: this.#life,
      after: told.at(-1)?.changedAt ?? after,
      rows: told.map((actor) => this.#row(hub, actor, watched.has(`${actor.root}/${actor.actor}`))),
      behind: changed.length - told.length,
    };
    if (usage === true) answer.usage = usageTold(hub.usage);
    for (const key of watched) {
      const actor = hub.actor(key);
      if (actor !== undefined && actor.node === '' && !told.includes(actor)) answer.rows.push(this.#row(hub, actor, true));
    }
    return JSON.stringify(answer);
  }

  #row(hub: TenantHub, actor: SeenActor, whole: boolean): RemoteRow {
    const { root, actor: name, machine, parent, seq, mailboxDepth, restarts } = actor;
    const { names } = hub;
    const steps = actor.ring.list();
    const event = names.textOf(steps.at(-1)?.event ?? 0);
    const row: RemoteRow = { root, actor: name, machine, parent, state: names.textOf(actor.state), event, seq, mailboxDepth, restarts };
    if (!whole) return row;
    return {
      ...row,
      steps: steps.map((step) => [step.seq, step.at, names.textOf(step.event), names.textOf(step.state)]),
      moves: hub.movesOf(actor),
      context: shownContext(actor.context, this.#redact),
    };
  }
}
