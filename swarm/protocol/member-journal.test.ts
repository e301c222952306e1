import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Kinds } from '../../actors/cell/kinds.ts';
import { type Replayed, replayStream } from '../../actors/cell/replay.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Clock } from '../../actors/ports/clock.ts';
import { FlockworkError, failureOf } from '../../protocols/errors/error.ts';
import type { Fact } from '../../protocols/journal/facts.ts';
import { splitRecord } from '../../protocols/journal/record.ts';
import { deliverSubject, journalSubject } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import type { ElectionInput, ElectionMessage } from '../election/election.ts';
import { memberKind } from './member.kind.ts';
import { MemberJournal } from './member-journal.ts';
import { SwarmProtocol } from './swarm-protocol.ts';

const members = ['m1', 'm2', 'm3'];
const ids = { salt: (): string => randomBytes(16).toString('hex') };
const clock: Clock = {
  now: () => 1_000,
  timer: (delayMs, onDue) => {
    const timer = setTimeout(onDue, delayMs);
    return () => clearTimeout(timer);
  },
};

let folder: string;
let bus: Bus;
const started: SwarmProtocol[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flockwork-member-'));
  bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] }, sync: 'off' });
});

afterEach(async () => {
  for (const member of started.splice(0)) await member.stop();
  await bus.close();
  rmSync(folder, { recursive: true, force: true });
});

async function joined(self: string): Promise<SwarmProtocol> {
  const vote = { choice: 'red', rationale: `${self} likes it` };
  const member = new SwarmProtocol({ bus, clock, ids, tenant: 'acme', group: 'designers', self, members, answerMs: 1_000, onVote: () => vote });
  await member.start();
  started.push(member);
  return member;
}

async function linesOf(self: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { records } of bus.journal.read(streamOf(self))) lines.push(...records);
  return lines;
}

const streamOf = (self: string): string => journalSubject({ tenant: 'acme', root: 'designers', actor: `member-${self}` });
const factsOf = async (self: string): Promise<Fact[]> =>
  (await linesOf(self)).flatMap((line) => (JSON.parse(splitRecord(line).body) as { facts: Fact[] }).facts);

async function replayed(self: string): Promise<Replayed> {
  const lines = await linesOf(self);
  return replayStream(
    new Kinds([memberKind as never]),
    streamOf(self),
    (async function* () {
      yield* lines;
    })(),
    100,
  );
}

describe('the journal of a member', () => {
  test('holds all that it said, heard and promised, and replays to the same', async () => {
    const m1 = await joined('m1');
    const m2 = await joined('m2');
    await m1.broadcast({ hello: 1 });
    await m1.requestVote();
    await m2.reachConsensus({ question: 'which colour?', choices: ['red', 'blue'] });
    const told = (facts: readonly Fact[]): string[] => facts.map(({ type, data }) => `${type} ${data['to'] ?? data['from'] ?? data['voter'] ?? ''}`.trim());
    expect(told(await factsOf('m1'))).toEqual([
      'member.joined',
      'member.said all',
      'member.reached',
      'member.voted',
      'member.said m2',
      'member.said m3',
      'leader.elected',
      'member.said m2',
      'member.said m3',
      'member.heard m2',
      'vote.cast m1',
    ]);
    const second = await factsOf('m2');
    expect(told(second).slice(0, 4)).toEqual(['member.joined', 'member.heard m1', 'member.voted', 'member.said m1']);
    expect(second.find(({ type }) => type === 'member.voted')?.data).toEqual({ term: 1, candidate: 'm1' });
    expect(second.at(-1)).toMatchObject({ type: 'round.decided', data: { round: 1, choice: 'red', by: 'quorum', needed: 2 } });
    for (const self of ['m1', 'm2']) expect(await replayed(self)).toMatchObject({ machine: 'member@1', state: 'member' });
  });

  test('is what a member knows of its promises when it comes back', async () => {
    const m1 = await joined('m1');
    const m2 = await joined('m2');
    await m1.requestVote();
    await m2.stop();
    const again = await joined('m2');
    expect([again.term, again.leader]).toEqual([1, null]);
    expect((await factsOf('m2')).at(-1)).toMatchObject({ type: 'cell.opened', data: { epoch: 2 } });
    const ask = JSON.stringify({ type: 'election', from: 'm3', message: { type: 'vote.request', term: 1, from: 'm3' } });
    const answer = await bus.pubsub.request(deliverSubject({ tenant: 'acme', root: 'designers', actor: 'm2' }), ask, { timeoutMs: 1_000 });
    expect(JSON.parse(answer)).toMatchObject({ answers: [{ term: 1, granted: false }] });
  });

  test('has one writer: who opened it last speaks for the member, and a process of before says nothing more', async () => {
    const options = { bus, clock, ids, tenant: 'acme', group: 'designers', self: 'm1', members };
    const before = new MemberJournal(options);
    await before.open();
    const after = new MemberJournal(options);
    await after.open();
    const stand = { type: 'election.step', step: { type: 'election.timeout' } } as const;
    for (let tries = 0; tries < 2; tries += 1) expect(await before.add(stand).catch((error: unknown) => failureOf(error).code)).toBe('journal_conflict');
    await after.add(stand);
    expect((await factsOf('m1')).filter(({ type }) => type === 'member.voted')).toHaveLength(1);
  });

  test('forgets what was stepped and not stored', async () => {
    let failing = false;
    const append: Bus['journal']['append'] = async (...entry) => {
      if (failing) throw new FlockworkError('store_full', 'the disk is full');
      return bus.journal.append(...entry);
    };
    const journal: Bus['journal'] = {
      store: bus.journal.store,
      append,
      read: (pattern, options) => bus.journal.read(pattern, options),
      follow: (pattern, onEntry) => bus.journal.follow(pattern, onEntry),
      head: () => bus.journal.head(),
    };
    const member = new MemberJournal({ bus: { journal, blobs: bus.blobs }, clock, ids, tenant: 'acme', group: 'designers', self: 'm1', members });
    await member.open();
    failing = true;
    const stand = { type: 'election.step', step: { type: 'election.timeout' } } as const;
    expect(await member.add(stand).catch((error: unknown) => failureOf(error).code)).toBe('store_full');
    failing = false;
    await member.add({ type: 'message.heard', from: 'm2', body: 1 });
    expect(member.election).toMatchObject({ term: 0, votedFor: null });
    expect(await replayed('m1')).toMatchObject({ records: 2 });
  });

  test('is that of one group: with other members it is not opened', async () => {
    const options = { bus, clock, ids, tenant: 'acme', group: 'designers', self: 'm1' };
    await new MemberJournal({ ...options, members }).open();
    const other = new MemberJournal({ ...options, members: ['m1', 'm4'] });
    expect(await other.open().catch((error: unknown) => failureOf(error).code)).toBe('invalid_request');
  });

  test('a long body stands in the record, not in its fact', async () => {
    const m1 = await joined('m1');
    await joined('m2');
    await m1.broadcast('x'.repeat(100_000));
    expect((await factsOf('m2')).at(-1)).toEqual({ seq: 2, type: 'member.heard', data: { from: 'm1', chars: 100_002 } });
    expect((await linesOf('m2')).at(-1)?.length).toBeGreaterThan(100_000);
  });
});

describe('elections over journals', () => {
  test('whatever is lost, doubled or dies: one vote of a member in a term, and one leader', async () => {
    const act = fc.record({ what: fc.constantFrom('stand', 'stand', 'deliver', 'deliver', 'deliver', 'double', 'die'), who: fc.nat(2), which: fc.nat(1_000) });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 60 }), async (acts) => {
        run += 1;
        const group = `g${run}`;
        const open = async (self: string): Promise<MemberJournal> => {
          const journal = new MemberJournal({ bus, clock, ids, tenant: 'acme', group, self, members });
          await journal.open();
          return journal;
        };
        const alive = new Map<string, MemberJournal>();
        for (const self of members) alive.set(self, await open(self));
        const onTheWay: { readonly to: string; readonly message: ElectionMessage }[] = [];
        const take = async (self: string, step: ElectionInput): Promise<void> => {
          for (const { type, data } of (await alive.get(self)?.add({ type: 'election.step', step })) ?? [])
            if (type === 'member.said') onTheWay.push(data as unknown as (typeof onTheWay)[number]);
        };
        for (const { what, who, which } of acts) {
          const self = members[who] ?? '';
          if (what === 'die') alive.set(self, await open(self));
          else if (what === 'stand') await take(self, { type: 'election.timeout' });
          else if (onTheWay.length > 0) {
            const at = which % onTheWay.length;
            const { to, message } = (what === 'double' ? onTheWay[at] : onTheWay.splice(at, 1)[0]) ?? { to: '', message: undefined };
            if (message !== undefined) await take(to, message);
          }
        }
        const leaders = new Map<unknown, unknown>();
        for (const self of members) {
          const voted = new Set<unknown>();
          for await (const { records } of bus.journal.read(journalSubject({ tenant: 'acme', root: group, actor: `member-${self}` }))) {
            for (const { type, data } of (JSON.parse(splitRecord(records[0] ?? '').body) as { facts: Fact[] }).facts) {
              if (type === 'member.voted') {
                expect(voted.has(data['term'])).toBe(false);
                voted.add(data['term']);
              }
              if (type === 'leader.elected') {
                expect(leaders.get(data['term']) ?? data['leader']).toBe(data['leader']);
                leaders.set(data['term'], data['leader']);
              }
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
