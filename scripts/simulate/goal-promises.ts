import { canonicalJson } from '../../actors/cell/canonical.ts';
import { loadFold } from '../../actors/cell/load.ts';
import { replayStream } from '../../actors/cell/replay.ts';
import type { Journal } from '../../actors/ports/journal.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { parseAgentActor } from '../../protocols/goals/task.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { parseJournalSubject } from '../../protocols/subjects.ts';
import { checkChoice } from './auto-promises.ts';
import type { GoalScenario } from './goal-scenario.ts';
import { simulatedKinds } from './host.ts';
import type { Owner } from './owner.ts';
import { checkPlan } from './plan-promises.ts';
import { bodiesOf, type Store } from './store.ts';
import { checkVotes } from './vote-promises.ts';
import { Violation, type World } from './world.ts';

const seenMax = 10_000;

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what);
}

/** What must be true of a goal that has ended, told by its journals and by the world outside; nothing of the code under test is asked. */
export async function checkGoal(
  world: World,
  store: Store,
  scenario: GoalScenario,
  outside: { readonly effects: ReadonlyMap<string, number>; readonly owner: Owner | undefined },
): Promise<void> {
  await replays(store);
  const facts = factsOf(store, 'coordinator');
  checkTasks(store, facts);
  for (const [key, times] of outside.effects) must(times === 1, `the unsafe effect ${key} was started ${times} times`);
  const end = facts.find(({ type }) => type === 'goal.completed' || type === 'goal.failed' || type === 'goal.cancelled');
  must(end !== undefined, 'a goal that has ended has no end');
  must(
    facts.filter(({ type }) => type.startsWith('goal.') && ['goal.completed', 'goal.failed', 'goal.cancelled'].includes(type)).length === 1,
    'a goal ends more than once',
  );
  world.note(`the goal ends as ${end.type}`);
  must(end.type !== 'goal.cancelled' || scenario.cancels, 'a goal was cancelled that nobody cancelled');
  const refuses = scenario.temper.refuses > 0 || scenario.temper.fails > 0;
  if (end.type === 'goal.failed') {
    const code = String(end.data['code']);
    must(['task_failed', 'no_quorum'].includes(code), `the goal failed as ${code}: ${String(end.data['message'])}`);
    const late = facts.some(({ type, data }) => type === 'task.failed' && data['code'] === 'task_timeout');
    must(code === 'no_quorum' || refuses || late, 'a task failed though no call was refused and none was late');
  }
  const result = end.type === 'goal.completed' ? resultOf(store, end) : undefined;
  // What a model chose must then hold what it promises, as if it had been asked for.
  const chosen = scenario.kind === 'auto' ? checkChoice(scenario, facts) : scenario;
  if (chosen === undefined) return must(result === undefined, 'the goal is complete, and no strategy was ever chosen');
  const made = facts.filter(({ data }) => data['role'] !== 'plan');
  if (chosen.kind === 'consensus') checkVotes(chosen, made);
  if (chosen.kind === 'plan') checkPlan(chosen, made, result);
  if (result !== undefined) checkResult(chosen, made, result);
}

async function replays(store: Store): Promise<void> {
  for (const [stream, entries] of store.streams) {
    const lines = entries.flatMap(({ records }) => records);
    try {
      const replayed = await replayStream(simulatedKinds, stream, listed(lines), seenMax);
      const journal: Pick<Journal, 'read'> = { read: (_pattern, { after = 0 } = {}) => listed(store.entriesOf(stream, after)) };
      const blobs = { getNamed: (name: string) => Promise.resolve(store.named(name)) };
      const { fold } = await loadFold({ journal, blobs } as never, simulatedKinds, stream, seenMax);
      must(fold !== undefined && fold.canonical() === replayed.canonical, `${stream} has another state from its snapshot than from its beginning`);
    } catch (error) {
      throw error instanceof Violation ? error : new Violation(`${stream} does not replay: ${failureOf(error).code} ${failureOf(error).message}`);
    }
  }
}

async function* listed<Value>(values: readonly Value[]): AsyncGenerator<Value> {
  yield* values;
}

function factsOf(store: Store, actor: string): Fact[] {
  const found: Fact[] = [];
  for (const [stream, entries] of store.streams) {
    if (parseJournalSubject(stream)?.actor === actor) for (const entry of entries) for (const { facts } of bodiesOf(entry)) found.push(...facts);
  }
  for (const [index, { seq }] of found.entries()) must(seq === index + 1, `fact ${index + 1} of ${actor} has the number ${seq}`);
  return found;
}

/** No task is lost, none is doubled, and each end of an agent counts once. */
function checkTasks(store: Store, facts: readonly Fact[]): void {
  const created = new Set<string>();
  const ended = new Map<string, string>();
  const attempts = new Map<string, string>();
  for (const { type, data } of facts) {
    const task = String(data['task']);
    if (type === 'task.created') {
      must(!created.has(task), `${task} is created twice`);
      created.add(task);
    }
    if (type === 'task.completed' || (type === 'task.failed' && data['final'] === true)) {
      must(created.has(task), `${task} ends before it was created`);
      must(!ended.has(task), `${task} ends twice, as ${ended.get(task)} and as ${type}`);
      ended.set(task, type);
    }
    // A limit ends the task, not its attempt: what that one says later is superseded.
    if (type === 'task.failed' && data['code'] === 'task_timeout') continue;
    if (type === 'task.completed' || type === 'task.failed' || type === 'task.superseded') {
      const attempt = `${task}-${String(data['attempt'])}`;
      must(!attempts.has(attempt), `the end of attempt ${attempt} is counted twice, as ${attempts.get(attempt)} and as ${type}`);
      attempts.set(attempt, type);
    }
  }
  for (const stream of store.streams.keys()) {
    const agent = parseAgentActor(parseJournalSubject(stream)?.actor ?? '');
    if (agent === undefined) continue;
    must(created.has(agent.task), `there is an agent for ${agent.task}, which nobody created`);
    const ends = factsOf(store, `agent-${agent.task}-${agent.attempt}`).filter(({ type }) =>
      ['agent.answered', 'agent.failed', 'actor.poisoned'].includes(type),
    );
    must(ends.length <= 1, `agent-${agent.task}-${agent.attempt} ends ${ends.length} times`);
    if (attempts.get(`${agent.task}-${agent.attempt}`) === 'task.completed')
      must(ends[0]?.type === 'agent.answered', `${agent.task} is completed by an agent that never answered`);
  }
}

function resultOf(store: Store, { data }: Fact): string {
  return typeof data['blob'] === 'string' ? new TextDecoder().decode(store.blob(data['blob'])) : String(data['result']);
}

function checkResult({ kind, items, submission }: GoalScenario, facts: readonly Fact[], result: string): void {
  const marks = result.match(/\[(?:item|proposal)[^\]]*\]/g) ?? [];
  const lost = facts.filter(({ type, data }) => type === 'task.failed' && data['final'] === true).length;
  const once = new Set(marks);
  must(once.size === marks.length, `the result holds something twice: ${marks.join(' ')}`);
  const { strategy } = submission;
  if (typeof strategy !== 'object' && kind !== 'single') throw new Error('a scenario names its options');
  if (kind === 'single' || kind === 'map-reduce') {
    must(marks.length === items || lost > 0, `the result holds ${marks.length} of ${items} items, and no task failed`);
    must(marks.length >= 1, 'the result is empty');
  }
  if (kind === 'consensus') {
    const decided = facts.find(({ type }) => type === 'round.decided')?.data['proposer'];
    must(result === `[proposal of ${String(decided)}]`, `the result is ${result}, and ${String(decided)} was chosen`);
  }
  if (kind === 'pipeline' && typeof strategy === 'object' && strategy.type === 'pipeline') {
    must(marks.length === items - lost, `the result holds ${marks.length} of ${items} items, and ${lost} were skipped`);
    const trail = strategy.stages.map(({ name }) => `/${name}`).join('');
    for (const one of marks)
      must(
        one.endsWith(`${trail}]`) && /^\[item \d+\//.test(one) && one.split('/').length === strategy.stages.length + 1,
        `${one} did not go through every stage once`,
      );
    const numbers = marks.map((one) => Number(/^\[item (\d+)/.exec(one)?.[1]));
    must(canonicalJson(numbers) === canonicalJson([...numbers].sort((a, b) => a - b)), `the items are out of order: ${numbers.join(', ')}`);
    checkStages(facts, strategy.stages, submission.agents ?? 3, strategy.queueItemsMax ?? 16);
  }
}

/** How many items were at work in each stage, and waited between two, at every moment that the journal tells of. */
function checkStages(
  facts: readonly Fact[],
  stages: readonly { readonly name: string; readonly concurrency?: number | undefined }[],
  agents: number,
  queueItemsMax: number,
): void {
  const working = stages.map(() => 0);
  const waiting = stages.map(() => 0);
  const stageOf = new Map<string, number>();
  const seen = new Set<string>();
  for (const { type, data } of facts) {
    const task = String(data['task']);
    if (type === 'task.created') {
      const name = String(data['name']);
      must(!seen.has(name), `${name} is made twice`);
      seen.add(name);
      const at = stages.findIndex((stage) => name.endsWith(`: ${stage.name}`));
      stageOf.set(task, at);
      working[at] = (working[at] ?? 0) + 1;
      if (at > 0) waiting[at] = (waiting[at] ?? 0) - 1;
      must((working[at] ?? 0) <= Math.min(agents, stages[at]?.concurrency ?? agents), `${working[at]} items are at work in ${stages[at]?.name}`);
      must(working.reduce((sum, count) => sum + count, 0) <= agents, `more than ${agents} agents are at work`);
    }
    const at = stageOf.get(task);
    const done = type === 'task.completed' || (type === 'task.failed' && data['final'] === true);
    if (at === undefined || !done) continue;
    working[at] = (working[at] ?? 0) - 1;
    if (type === 'task.completed' && at + 1 < stages.length) waiting[at + 1] = (waiting[at + 1] ?? 0) + 1;
    for (const count of waiting) must(count >= 0 && count <= queueItemsMax, `${count} items wait between two stages, above queueItemsMax ${queueItemsMax}`);
  }
}
