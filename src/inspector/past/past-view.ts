import { textHash } from '../../../actors/cell/chain.ts';
import type { PastBounds } from '../bounds.ts';
import type { PastActorView, PastFact, PastMark, PastRow, PastView } from '../protocol.ts';
import { shownContext } from '../shown-context.ts';
import type { GoalPast } from './goal-past.ts';
import type { PastActor, PastRecord } from './past-index.ts';
import { tableSummary } from './table-summary.ts';

export interface PastWish {
  readonly root: string;
  /** The record to stand at, from 1; absent: the last one. */
  readonly at?: number | undefined;
  /** The actor to show closely; absent: the one whose record it is. */
  readonly actor?: string | undefined;
}

type Redact = (text: string) => string;

/** Inputs that a reader of a goal looks for first. */
const markedEvents: ReadonlySet<string> = new Set([
  'cell.opened',
  'goal.cancel',
  'goal.resume',
  'task.failed',
  'actor.poison',
  'tool.decided',
  'approval.decided',
  'effect.failed',
]);

/** All machines of a goal as they were after one record. */
export async function pastView(past: GoalPast, wish: PastWish, bounds: PastBounds, redact: Redact): Promise<PastView> {
  const { index } = past;
  const at = Math.min(index.total, Math.max(1, wish.at ?? index.total));
  const place = at - 1;
  const record = index.record(place);
  if (record === undefined) return { type: 'past', root: wish.root, total: 0, at: 0, counts: {}, actors: [], started: 0, density: [], marks: [] };
  const { counts, actors, started } = actorsThen(past, place, record, bounds);
  const wanted = wish.actor === undefined ? undefined : index.actor(wish.actor);
  const shown = wanted !== undefined && index.recordsBy(wanted, place) > 0 ? wanted : record.actor;
  return {
    type: 'past',
    root: wish.root,
    total: index.total,
    at,
    begin: index.record(0)?.at ?? 0,
    end: index.record(index.total - 1)?.at ?? 0,
    record: { actor: record.actor.actor, n: record.n, at: record.at, event: record.event, state: record.state },
    counts,
    actors,
    started,
    before: recordsBefore(past, place, bounds.recordsShownMax),
    actor: await actorView(past, shown, index.recordsBy(shown, place), bounds, redact),
    density: index.density(bounds.densityBuckets),
    marks: marksOf(past, bounds.marksMax),
  };
}

function actorsThen(past: GoalPast, place: number, record: PastRecord, bounds: PastBounds): Pick<PastView, 'counts' | 'actors' | 'started'> {
  const { index } = past;
  const counts: Record<string, number> = {};
  const rows: [actor: string, machine: string, state: string, n: number][] = [];
  let started = 0;
  for (const actor of index.actors) {
    const n = index.recordsBy(actor, place);
    if (n === 0) continue;
    started++;
    const last = index.record(actor.places[n - 1] ?? -1);
    const state = actor.failure ?? last?.state ?? '';
    const key = `${actor.machine}.${state}`;
    counts[key] = (counts[key] ?? 0) + 1;
    // The one that is moving, and the coordinator, are always among those shown.
    if (rows.length < bounds.actorsShownMax || actor === record.actor || actor.machine === 'coordinator') rows.push([actor.actor, actor.machine, state, n]);
  }
  return { counts, actors: rows, started };
}

function recordsBefore(past: GoalPast, place: number, max: number): PastRow[] {
  const rows: PastRow[] = [];
  for (let one = place; one >= 0 && rows.length < max; one--) {
    const record = past.index.record(one);
    if (record !== undefined) rows.push([one + 1, record.actor.actor, record.n, record.event, record.state, record.at]);
  }
  return rows;
}

async function actorView(past: GoalPast, actor: PastActor, n: number, bounds: PastBounds, redact: Redact): Promise<PastActorView> {
  const { actor: name, machine } = actor;
  if (actor.failure !== undefined)
    return { actor: name, machine, state: actor.failure, n, context: {}, table: [], moves: [], facts: [], pending: 0, timers: 0 };
  const { fold, facts } = await past.stateAt(actor, n);
  const visible = Object.fromEntries(fold.kind.visibleContext.filter((key) => key in fold.context).map((key) => [key, fold.context[key]]));
  const { moves, last } = movesUntil(past, actor, n, bounds.movesMax);
  return {
    actor: name,
    machine,
    state: fold.state,
    n,
    context: shownContext(visible, redact),
    table: tableSummary(machine, fold.table),
    moves,
    ...(last === undefined ? {} : { last }),
    facts: facts.map(({ seq, type, data }): PastFact => [seq, type, shownContext(data, redact)]),
    pending: fold.pending.size,
    timers: fold.timers.size,
    stateHash: textHash(fold.canonical()),
  };
}

/** The different moves of an actor so far as `source>event>target`, and the last one. */
function movesUntil(past: GoalPast, actor: PastActor, n: number, max: number): { moves: string[]; last: string | undefined } {
  const moves = new Set<string>();
  let last: string | undefined;
  let state = 'other';
  for (const place of actor.places.slice(0, n)) {
    const record = past.index.record(place);
    if (record === undefined) continue;
    if (record.state !== state) {
      last = `${state}>${record.event}>${record.state}`;
      if (moves.size < max) moves.add(last);
    }
    state = record.state;
  }
  return { moves: [...moves], last };
}

/** What a reader looks for first, evenly thinned where there is too much of it. */
function marksOf(past: GoalPast, max: number): PastMark[] {
  const marks: PastMark[] = [];
  for (let place = 0; place < past.index.total; place++) {
    const record = past.index.record(place);
    if (record !== undefined && record.n > 2 && markedEvents.has(record.event)) marks.push([place + 1, record.event, record.actor.actor]);
  }
  const step = Math.ceil(marks.length / max);
  return step <= 1 ? marks : marks.filter((_, at) => at % step === 0);
}
