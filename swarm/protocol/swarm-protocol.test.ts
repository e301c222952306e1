import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Clock } from '../../actors/ports/clock.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { deliverSubject } from '../../protocols/subjects.ts';
import { openEmbeddedBus } from '../../src/bus/embedded/index.ts';
import type { MemberQuestion, MemberVote } from './member-messages.ts';
import { SwarmProtocol } from './swarm-protocol.ts';

const members = ['m1', 'm2', 'm3'];
const clock: Clock = {
  now: () => 0,
  timer: (delayMs, onDue) => {
    const timer = setTimeout(onDue, delayMs);
    return () => clearTimeout(timer);
  },
};

let folder: string;
let bus: Bus;
let started: SwarmProtocol[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flockwork-protocol-'));
  bus = await openEmbeddedBus({ folder, projector: { name: 'none', version: 1, project: () => [] } });
});

afterEach(async () => {
  await Promise.all(started.map((member) => member.stop()));
  started = [];
  await bus.close();
  rmSync(folder, { recursive: true, force: true });
});

type Voting = (question: MemberQuestion, self: string) => MemberVote | Promise<MemberVote>;

async function join3(
  names: readonly string[],
  vote: Voting = () => ({ choice: null, rationale: '' }),
  onMessage?: (self: string, from: string, body: unknown) => void,
): Promise<Map<string, SwarmProtocol>> {
  const group = new Map<string, SwarmProtocol>();
  for (const self of names) {
    const member = new SwarmProtocol({
      bus,
      clock,
      ids: { salt: () => randomBytes(16).toString('hex') },
      tenant: 'acme',
      group: 'designers',
      self,
      members,
      answerMs: 1_000,
      onVote: (question) => vote(question, self),
      ...(onMessage === undefined ? {} : { onMessage: (from: string, body: unknown) => onMessage(self, from, body) }),
    });
    await member.start();
    started.push(member);
    group.set(self, member);
  }
  return group;
}

function memberOf(group: ReadonlyMap<string, SwarmProtocol>, name: string): SwarmProtocol {
  const member = group.get(name);
  if (member === undefined) throw new Error(`no member ${name}`);
  return member;
}

describe('a group over the bus', () => {
  test('a broadcast reaches all others, and names those that it missed', async () => {
    const got: unknown[] = [];
    const group = await join3(['m1', 'm2'], undefined, (self, from, body) => got.push([self, from, body]));
    expect(await memberOf(group, 'm1').broadcast({ hello: 1 })).toEqual({ reached: ['m2'], missed: [{ member: 'm3', code: 'no_responder' }] });
    expect(got).toEqual([['m2', 'm1', { hello: 1 }]]);
  });

  test('a member that stands is elected by a majority, and all who are there know it', async () => {
    const group = await join3(['m1', 'm2']);
    expect(await memberOf(group, 'm1').requestVote()).toMatchObject({ elected: true, term: 1, leader: 'm1', votes: ['m1', 'm2'], needed: 2 });
    expect(memberOf(group, 'm2').leader).toBe('m1');
    expect(await memberOf(group, 'm2').requestVote()).toMatchObject({ elected: true, term: 2, leader: 'm2' });
    expect(memberOf(group, 'm1')).toMatchObject({ leader: 'm2', term: 2 });
  });

  test('members that stand at the same moment end with one leader', async () => {
    const group = await join3(members);
    const outcomes = await Promise.all(members.map((name) => memberOf(group, name).requestVote()));
    const leaders = new Map<number, string>();
    for (const { elected, term, leader } of outcomes)
      if (elected && leader !== null) {
        expect(leaders.get(term) ?? leader).toBe(leader);
        leaders.set(term, leader);
      }
    expect(leaders.size).toBeGreaterThan(0);
  });

  test('without a majority nobody is elected', async () => {
    const group = await join3(['m1']);
    expect(await memberOf(group, 'm1').requestVote()).toMatchObject({ elected: false, leader: null, needed: 2 });
  });

  test('a vote that was given is remembered over a restart', async () => {
    const group = await join3(['m1', 'm2']);
    await memberOf(group, 'm1').requestVote();
    await memberOf(group, 'm2').stop();
    const again = await join3(['m2']);
    expect(memberOf(again, 'm2').term).toBe(1);
    const ask = JSON.stringify({ type: 'election', from: 'm3', message: { type: 'vote.request', term: 1, from: 'm3' } });
    const answer = await bus.pubsub.request(deliverSubject({ tenant: 'acme', root: 'designers', actor: 'm2' }), ask, { timeoutMs: 1_000 });
    expect(JSON.parse(answer)).toEqual({ answers: [{ type: 'vote.answer', term: 1, from: 'm2', granted: false }] });
  });

  test('strangers, forged senders and what no member says are refused', async () => {
    await join3(['m1']);
    const subject = deliverSubject({ tenant: 'acme', root: 'designers', actor: 'm1' });
    const codeOf = (request: unknown): Promise<string> =>
      bus.pubsub.request(subject, typeof request === 'string' ? request : JSON.stringify(request), { timeoutMs: 1_000 }).then(
        () => 'answered',
        (error: unknown) => failureOf(error).code,
      );
    expect(await codeOf({ type: 'message', from: 'stranger', body: 1 })).toBe('forbidden');
    expect(await codeOf({ type: 'election', from: 'm2', message: { type: 'vote.request', term: 9, from: 'm3' } })).toBe('forbidden');
    expect(await codeOf({ type: 'election', from: 'm2', message: { type: 'vote.request', term: 'x', from: 'm2' } })).toBe('invalid_request');
    expect(await codeOf({ type: 'dance', from: 'm2' })).toBe('invalid_request');
    expect(await codeOf('{')).toBe('invalid_json');
  });
});

describe('a consensus of a group', () => {
  test('a quorum decides, and a member that is away only misses', async () => {
    const group = await join3(['m1', 'm2'], () => ({ choice: 'red', rationale: 'warm' }));
    expect(await memberOf(group, 'm1').reachConsensus({ question: 'which colour?', choices: ['red', 'blue'] })).toMatchObject({
      choice: 'red',
      by: 'quorum',
      round: 1,
      votes: 2,
      needed: 2,
    });
  });

  test('in the next round all see the ballots before', async () => {
    const seen: number[] = [];
    const group = await join3(members, ({ round, before }, self) => {
      seen.push(before.length);
      return { choice: round === 1 ? ({ m1: 'a', m2: 'b', m3: 'c' }[self] ?? null) : 'b', rationale: '' };
    });
    expect(await memberOf(group, 'm1').reachConsensus({ question: '?', choices: ['a', 'b', 'c'], quorum: 'unanimous' })).toMatchObject({
      choice: 'b',
      round: 2,
      votes: 3,
    });
    expect(seen.toSorted()).toEqual([0, 0, 0, 3, 3, 3]);
  });

  test('without a quorum the leader decides, or it fails where it is asked to', async () => {
    const group = await join3(members, ({ deciding }, self) => ({ choice: deciding ? 'b' : self === 'm1' ? 'a' : null, rationale: '' }));
    expect(await memberOf(group, 'm1').reachConsensus({ question: '?', choices: ['a', 'b'], rounds: 1 })).toMatchObject({
      choice: 'b',
      by: 'm1',
      votes: 0,
      needed: 2,
    });
    const failure = await memberOf(group, 'm1')
      .reachConsensus({ question: '?', choices: ['a', 'b'], rounds: 1, noQuorum: 'fail' })
      .then(() => undefined, failureOf);
    expect(failure).toMatchObject({ code: 'no_quorum', details: { rounds: 1, needed: 2 } });
  });
});
