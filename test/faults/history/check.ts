import { type Asked, type History, type Line, leaseShare, type Operation, type StoredLine } from './operations.ts';

/** What a history breaks: the promise, what it is about (a stream, key or id, for finding its operations), and how. */
export interface Violation {
  readonly promise: string;
  readonly about: string;
  readonly what: string;
}

type Of<Op extends Asked['op']> = Operation & { readonly asked: Extract<Asked, { op: Op }> };

/** Holds a history against what the bus and the owners promise; empty when nothing is broken. Pure. */
export function violationsOf(history: History): Violation[] {
  return [...appends(history), ...owners(history), ...messages(history), ...leases(history), ...registers(history), ...followers(history), ...lanes(history)];
}

const opsOf = <Op extends Asked['op']>(history: History, op: Op): Of<Op>[] => history.operations.filter((one): one is Of<Op> => one.asked.op === op);
const lineOf = ({ line }: StoredLine): Line => JSON.parse(line) as Line;

/** An acknowledged append stands where it was told; a refused one nowhere. */
function* appends(history: History): Iterable<Violation> {
  for (const { outcome, asked, answered } of opsOf(history, 'append')) {
    const found = (history.stored.get(asked.stream) ?? []).filter(({ line }) => line === asked.line);
    const about = asked.stream;
    if (found.length > 1) yield { promise: 'no record twice', about, what: `${asked.line} is stored ${found.length} times` };
    if (outcome === 'ok' && !found.some(({ position }) => position === answered.position))
      yield { promise: 'no acknowledgement lost', about, what: `${asked.line} was acknowledged at ${answered.position} and is not there` };
    if (outcome === 'refused' && found.length > 0) yield { promise: 'refused is not stored', about, what: `${asked.line} was refused and is stored` };
  }
}

/** Within a journal: records in one row, each by the owner who opened last, each decision once, one result per task. */
function* owners(history: History): Iterable<Violation> {
  for (const [about, lines] of history.stored) {
    let owner = { epoch: 0, by: '' };
    let decisions = 0;
    for (const [at, line] of lines.map(lineOf).entries()) {
      if (line.n !== at + 1) yield { promise: 'records in a row', about, what: `record ${line.n} stands at place ${at + 1}` };
      if (line.kind === 'result') continue;
      if (line.kind === 'opened') {
        if (line.epoch !== owner.epoch + 1) yield { promise: 'one owner at a time', about, what: `epoch ${line.epoch} follows ${owner.epoch}` };
        owner = { epoch: line.epoch, by: line.by };
      } else if (line.epoch !== owner.epoch || line.by !== owner.by)
        yield {
          promise: 'one owner at a time',
          about,
          what: `record ${line.n} is by ${line.by} of epoch ${line.epoch}, the owner is ${owner.by} of ${owner.epoch}`,
        };
      if (line.kind === 'decided' && line.decision !== (decisions += 1))
        yield { promise: 'no decision twice', about, what: `decision ${line.decision} stands where ${decisions} belongs` };
    }
  }
}

/** Every acknowledged push has exactly one record in the end, and nothing was delivered after it was taken off. */
function* messages(history: History): Iterable<Violation> {
  const records = new Map<string, number>();
  for (const line of [...history.stored.values()].flat().map(lineOf)) {
    const id = line.kind === 'message' ? line.id : line.kind === 'result' ? line.task : undefined;
    if (id !== undefined) records.set(id, (records.get(id) ?? 0) + 1);
  }
  for (const { outcome, asked } of opsOf(history, 'push')) {
    const count = records.get(asked.id) ?? 0;
    if (count > 1) yield { promise: 'no decision twice', about: asked.id, what: `message ${asked.id} was journaled ${count} times` };
    if (outcome === 'ok' && count === 0)
      yield { promise: 'no acknowledgement lost', about: asked.id, what: `the push of ${asked.id} was acknowledged, nothing came of it` };
  }
  if (history.serverDied) return;
  const settled = new Map(
    opsOf(history, 'ack').flatMap(({ outcome, end, asked }) => (outcome === 'ok' && end !== undefined ? [[asked.id, end] as const] : [])),
  );
  for (const { peer, begin, answered } of opsOf(history, 'claim')) {
    for (const { id } of answered.claimed ?? []) {
      if (begin > (settled.get(id) ?? Number.POSITIVE_INFINITY))
        yield { promise: 'acknowledged is gone', about: id, what: `${id} was given to ${peer} after its acknowledgement` };
    }
  }
}

/** No two processes believed in one lease at the same time. */
function* leases(history: History): Iterable<Violation> {
  const beliefs = new Map<string, { peer: string; from: number; until: number }[]>();
  for (const one of history.operations) {
    const { asked } = one;
    if (asked.op !== 'take' && asked.op !== 'renew' && asked.op !== 'resign') continue;
    const of = beliefs.get(asked.key) ?? [];
    beliefs.set(asked.key, of);
    if (asked.op === 'resign') {
      for (const belief of of) if (belief.peer === one.peer) belief.until = Math.min(belief.until, one.begin);
    } else if (one.outcome === 'ok' && one.end !== undefined) of.push({ peer: one.peer, from: one.end, until: one.begin + asked.ttlMs * leaseShare });
  }
  for (const [about, of] of beliefs) {
    const sorted = of.filter(({ from, until }) => from < until).sort((one, two) => one.from - two.from);
    for (const [at, later] of sorted.entries()) {
      const other = sorted.slice(0, at).find(({ peer, until }) => peer !== later.peer && until > later.from);
      if (other !== undefined)
        yield { promise: 'one holder of a lease', about, what: `${later.peer} held it from ${later.from}, ${other.peer} until ${other.until}` };
    }
  }
}

/** Keys with compare-and-set are registers: one winner per revision, and a read sees what was acknowledged before it began. */
function* registers(history: History): Iterable<Violation> {
  const winners = new Map<string, string>();
  const values = new Map<string, string>();
  const puts = opsOf(history, 'put');
  for (const { outcome, asked, answered } of puts) {
    if (outcome !== 'ok') continue;
    const place = `${asked.key} over ${asked.over}`;
    if (winners.has(place))
      yield { promise: 'one winner', about: asked.key, what: `${asked.value} and ${winners.get(place)} both won over revision ${asked.over}` };
    winners.set(place, asked.value);
    values.set(`${asked.key} ${answered.revision}`, asked.value);
  }
  for (const { outcome, begin, asked, answered } of opsOf(history, 'read')) {
    if (outcome !== 'ok') continue;
    const { key } = asked;
    const revision = answered.revision ?? 0;
    const known = values.get(`${key} ${revision}`);
    if (known !== undefined && known !== answered.value)
      yield { promise: 'reads see writes', about: key, what: `revision ${revision} is ${answered.value}, ${known} was written` };
    if (revision > 0 && !puts.some((put) => put.asked.key === key && put.asked.value === answered.value && put.outcome !== 'refused'))
      yield { promise: 'reads see writes', about: key, what: `${answered.value} was read, and nobody wrote it` };
    const newest = Math.max(0, ...puts.map((put) => (put.asked.key === key && (put.end ?? Infinity) < begin ? (put.answered.revision ?? 0) : 0)));
    if (revision < newest)
      yield { promise: 'no acknowledgement lost', about: key, what: `revision ${revision} was read after ${newest} had been acknowledged` };
  }
}

/** A follower sees every entry once, in order, from where it began; one that lived to the end has seen the last. */
function* followers(history: History): Iterable<Violation> {
  const all = [...history.stored].flatMap(([stream, lines]) => lines.map((line) => ({ stream, ...line }))).sort((one, two) => one.sequence - two.sequence);
  const peers = Map.groupBy(history.seen, ({ peer }) => peer);
  for (const [about, seen] of peers) {
    const first = seen[0]?.sequence ?? 0;
    const last = history.survivors.includes(about) ? Number.POSITIVE_INFINITY : (seen.at(-1)?.sequence ?? 0);
    const due = all.filter(({ sequence }) => sequence >= first && sequence <= last).map(({ sequence, stream, line }) => `${sequence} ${stream} ${line}`);
    const had = seen.map(({ sequence, stream, line }) => `${sequence} ${stream} ${line}`);
    const at = due.findIndex((entry, index) => entry !== had[index]);
    const wrong = at >= 0 ? at : due.length < had.length ? due.length : -1;
    if (wrong >= 0)
      yield { promise: 'order kept for followers', about, what: `was handed ${had[wrong] ?? 'nothing'} where ${due[wrong] ?? 'nothing'} belongs` };
  }
}

/** What one process pushed into one lane, one after the other, is first delivered in that order to any one process. */
function* lanes(history: History): Iterable<Violation> {
  const places = new Map<string, { lane: string; place: number }>();
  // A push whose answer was lost may land behind those after it.
  for (const [place, { outcome, peer, asked }] of opsOf(history, 'push').entries())
    if (outcome === 'ok') places.set(asked.id, { lane: `${peer} ${asked.queue} ${asked.lane}`, place });
  const last = new Map<string, number>();
  const delivered = new Set<string>();
  for (const { peer, asked, answered } of opsOf(history, 'claim')) {
    for (const { id, deliveries } of answered.claimed ?? []) {
      const pushed = places.get(id);
      // A server that was killed begins to count anew.
      const again = deliveries > 1 || delivered.has(id);
      delivered.add(id);
      if (pushed === undefined || again) continue;
      const key = `${peer} ${asked.topic} ${pushed.lane}`;
      if (pushed.place < (last.get(key) ?? -1))
        yield { promise: 'order kept in a lane', about: id, what: `${id} was delivered to ${peer} after one that was pushed later` };
      last.set(key, pushed.place);
    }
  }
}
