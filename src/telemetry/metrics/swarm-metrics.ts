import type { Observation, Observer } from '../../../actors/ports/observer.ts';
import { agentEndFacts, type Fact } from '../../../protocols/journal/facts.ts';
import { agentRoundsMax, goalSeconds } from './bounds.ts';
import type { MetricFamily } from './family.ts';
import { Counter, Histogram } from './instruments.ts';

/** What the facts of the actors come to, counted as their records are acknowledged. */
export class SwarmMetrics {
  readonly #steps = new Counter({ name: 'flockwork.steps', help: 'Inputs that actors of this node have taken and journaled.', labels: ['machine'] });
  readonly #ticks = new Counter({ name: 'flockwork.ticks', help: 'Rounds of agents: one model call with what follows from it.' });
  readonly #goals = new Counter({ name: 'flockwork.goals', help: 'Goals that this node has seen enter a status.', labels: ['status'] });
  readonly #goalTimes = new Histogram({
    name: 'flockwork.goals.duration',
    help: 'From the start of a goal to its end.',
    unit: 's',
    labels: ['status'],
    bounds: goalSeconds,
  });
  readonly #tasks = new Counter({ name: 'flockwork.tasks', help: 'Tasks of goals that this node drives, by what became of them.', labels: ['event'] });
  readonly #agents = new Counter({ name: 'flockwork.agents.ended', help: 'Agents that ended on this node.', labels: ['outcome'] });
  readonly #toolCalls = new Counter({ name: 'flockwork.tools.calls', help: 'Tool calls that were answered, by outcome.', labels: ['tool', 'outcome'] });
  readonly #approvals = new Counter({ name: 'flockwork.approvals', help: 'Decisions on tool calls that ask for approval.', labels: ['decision'] });
  readonly #discarded = new Counter({ name: 'flockwork.model.discarded', help: 'Model calls without a usable reply.', labels: ['code'] });
  readonly #cooldowns = new Counter({ name: 'flockwork.model.cooldowns', help: 'Waits of agents before a model was asked again.' });
  readonly #quotas = new Counter({ name: 'flockwork.quota.exceeded', help: 'Quotas that were used up.', labels: ['quota'] });
  readonly #openings = new Counter({ name: 'flockwork.cells.openings', help: 'Journals that this node has taken over and opened again.', labels: ['machine'] });
  readonly #poisoned = new Counter({ name: 'flockwork.actors.poisoned', help: 'Actors that were given up.', labels: ['machine'] });
  /** The last round of each agent that is at work here. */
  readonly #rounds = new Map<string, number>();

  constructor() {
    for (const machine of ['agent', 'coordinator']) this.#poisoned.show(machine);
    for (const status of ['started', 'paused', 'completed', 'failed', 'cancelled']) this.#goals.show(status);
  }

  readonly observe: Observer = (observation) => {
    this.#steps.add(1, observation.machine);
    for (const fact of observation.facts) this.#take(observation, fact);
    if (observation.state === 'backoff' && observation.event === 'effect.failed') this.#cooldowns.add(1);
  };

  families(): readonly MetricFamily[] {
    return [
      this.#steps,
      this.#ticks,
      this.#goals,
      this.#goalTimes,
      this.#tasks,
      this.#agents,
      this.#toolCalls,
      this.#approvals,
      this.#discarded,
      this.#cooldowns,
      this.#quotas,
      this.#openings,
      this.#poisoned,
    ].map((metric) => metric.family());
  }

  #take({ actor, machine }: Observation, { type, data }: Fact): void {
    switch (type) {
      case 'model.called':
        return this.#called(`${actor.tenant}.${actor.root}.${actor.actor}`, Number(data['tick']));
      case 'model.discarded':
        return this.#discarded.add(1, text(data['code']));
      case 'tool.completed': {
        // The name of a tool that there is not is whatever a model made up.
        const known = data['code'] !== 'tool_unknown';
        return this.#toolCalls.add(1, known ? text(data['name']) : 'unknown', data['ok'] === true ? 'ok' : text(data['code']));
      }
      case 'tool.approved':
      case 'tool.denied':
        return this.#approvals.add(1, type.slice('tool.'.length));
      case 'quota.exceeded':
        return this.#quotas.add(1, text(data['quota']));
      case 'task.created':
      case 'task.completed':
      case 'task.retried':
      case 'task.superseded':
        return this.#tasks.add(1, type.slice('task.'.length));
      case 'task.failed':
        return data['final'] === false ? undefined : this.#tasks.add(1, 'failed');
      case 'goal.started':
      case 'goal.paused':
      case 'goal.resumed':
        return this.#goals.add(1, type.slice('goal.'.length));
      case 'goal.completed':
      case 'goal.failed':
      case 'goal.cancelled':
        return this.#goalEnded(type.slice('goal.'.length), data['usage']);
      case 'cell.opened':
        return this.#openings.add(1, machine);
      default:
        if (type === 'actor.poisoned') this.#poisoned.add(1, machine);
        if (!agentEndFacts.has(type) || machine !== 'agent') return;
        this.#rounds.delete(`${actor.tenant}.${actor.root}.${actor.actor}`);
        this.#agents.add(1, type === 'agent.answered' ? 'answered' : type === 'actor.poisoned' ? 'poisoned' : text(data['code']));
    }
  }

  #called(agent: string, tick: number): void {
    if (this.#rounds.get(agent) === tick) return;
    this.#ticks.add(1);
    this.#rounds.set(agent, tick);
    if (this.#rounds.size <= agentRoundsMax) return;
    const [oldest] = this.#rounds.keys();
    if (oldest !== undefined) this.#rounds.delete(oldest);
  }

  #goalEnded(status: string, usage: unknown): void {
    this.#goals.add(1, status);
    const ms = typeof usage === 'object' && usage !== null && 'ms' in usage ? Number(usage.ms) : Number.NaN;
    if (Number.isFinite(ms)) this.#goalTimes.observe(ms / 1_000, status);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : 'none';
}
