import type { GoalEvent } from '../../../protocols/wire/methods.ts';
import { counted } from '../output/figures.ts';
import { eventLine } from './lines.ts';
import { taskLabel } from './state.ts';

/** A line for a person. */
export interface Told {
  readonly line: string;
  /** It says how something was decided: a terminal keeps it when the rest is gone. */
  readonly lasting: boolean;
}

const lastingTypes: ReadonlySet<string> = new Set(['vote.cast', 'round.decided', 'leader.elected']);

/** Tells the events of one goal in lines. It remembers only what the next lines need: what tasks are for, and the ballots of the round. */
export class Narrator {
  readonly #labels = new Map<string, string>();
  readonly #ballots = new Map<string, number>();
  #round = 0;

  tell(event: GoalEvent): readonly Told[] {
    const { type, data } = event;
    const task = String(data['task']);
    if (type === 'task.created') this.#labels.set(task, taskLabel(data['role'], data['name']));
    if (type === 'task.completed' || type === 'task.failed') this.#labels.delete(task);
    const line = eventLine(event, type === 'task.started' ? this.#labels.get(task) || undefined : undefined);
    const before = type === 'vote.cast' ? this.#count(data) : [];
    return [...before, ...(line === undefined ? [] : [{ line, lasting: lastingTypes.has(type) }]), ...(type === 'goal.completed' ? changedFiles(event) : [])];
  }

  /** A ballot of a new round means that the round before found no quorum; nothing else says so. */
  #count({ round, choice }: GoalEvent['data']): Told[] {
    const told: Told[] = [];
    if (typeof round === 'number' && round > this.#round) {
      const ballots = [...this.#ballots].sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, count]) => `${label} ${count}`);
      if (this.#round > 0) told.push({ line: `no quorum in round ${this.#round}: ${ballots.join(', ')}`, lasting: true });
      this.#ballots.clear();
      this.#round = round;
    }
    this.#ballots.set(String(choice), (this.#ballots.get(String(choice)) ?? 0) + 1);
    return told;
  }
}

/** What agents changed stays with the goal until someone takes it. */
function changedFiles({ goalId, data }: GoalEvent): Told[] {
  const { artifacts } = data;
  if (typeof artifacts !== 'number' || artifacts === 0) return [];
  const line = `${counted(artifacts, 'changed file')}: flockwork artifacts ${goalId} --patch shows the changes, --apply DIR brings them into a folder`;
  return [{ line, lasting: true }];
}
