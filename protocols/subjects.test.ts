import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  inboxSubject,
  isSubject,
  isToken,
  journalPattern,
  journalSubject,
  livePattern,
  liveSubject,
  nodeSubject,
  parseInboxSubject,
  parseJournalSubject,
  rootPattern,
  shardCount,
  shardOf,
  shardPattern,
  subjectMatches,
  taskSubject,
} from './subjects.ts';

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,24}$/);
const address = fc.record({ tenant: token, root: token, actor: token });
const invalid = expect.objectContaining({ code: 'subject_invalid' });

/** NATS' rule as a recursion, slow and plain. */
function reference(pattern: readonly string[], subject: readonly string[]): boolean {
  const [first, ...morePattern] = pattern;
  const [given, ...moreSubject] = subject;
  if (first === undefined) return given === undefined;
  if (given === undefined) return false;
  if (first === '>' && morePattern.length === 0) return true;
  return (first === '*' || first === given) && reference(morePattern, moreSubject);
}

describe('tokens', () => {
  test.each(['a', 'A9', '-', '_', 'goal-1_b', 'x'.repeat(128)])('%s is one', (text) => expect(isToken(text)).toBe(true));

  test.each(['', ' ', 'a.b', '*', '>', 'a>', 'ü', 'a b', 'a\n', '🐦', 'a/b', 'x'.repeat(129)])('%j is none, and no subject is made of it', (text) => {
    expect(isToken(text)).toBe(false);
    const good = { tenant: 't', root: 'r', actor: 'a' };
    for (const field of ['tenant', 'root', 'actor'] as const) {
      expect(() => journalSubject({ ...good, [field]: text })).toThrow(invalid);
      expect(() => inboxSubject({ ...good, [field]: text }, 's')).toThrow(invalid);
      expect(() => liveSubject({ ...good, [field]: text })).toThrow(invalid);
    }
    expect(() => inboxSubject(good, text)).toThrow(invalid);
    expect(() => rootPattern('t', text)).toThrow(invalid);
    expect(() => rootPattern(text, 'r')).toThrow(invalid);
    expect(() => livePattern('t', text)).toThrow(invalid);
    expect(() => nodeSubject(text)).toThrow(invalid);
    expect(() => taskSubject({ tenant: 't', pool: text, priority: 0, root: 'r', task: 't0' })).toThrow(invalid);
  });
});

describe('subjects', () => {
  test('are spelled as the design says', () => {
    const who = { tenant: 'acme', root: 'g1', actor: 'coordinator' };
    const shard = shardOf('g1');
    expect(journalSubject(who)).toBe(`flock.acme.journal.${shard}.g1.coordinator`);
    expect(inboxSubject(who, 'node-1')).toBe(`flock.acme.inbox.${shard}.g1.coordinator.node-1`);
    expect(liveSubject(who)).toBe('flock.acme.live.g1.coordinator');
    expect(taskSubject({ tenant: 'acme', pool: 'default', priority: 5, root: 'g1', task: 't0' })).toBe('flock.acme.task.default.5.g1.t0');
    expect(nodeSubject('n1')).toBe('flock.node.n1');
  });

  test('read back as what they were made of', () => {
    fc.assert(
      fc.property(address, token, (who, sender) => {
        const shard = shardOf(who.root);
        expect(parseJournalSubject(journalSubject(who))).toEqual({ ...who, shard });
        expect(parseInboxSubject(inboxSubject(who, sender))).toEqual({ ...who, shard, sender });
        expect(parseInboxSubject(journalSubject(who))).toBeUndefined();
        expect(parseJournalSubject(inboxSubject(who, sender))).toBeUndefined();
      }),
    );
  });

  test.each(['', 'flock', 'flock.t.journal.1.r', 'flock.t.journal.1.r.a.more', 'other.t.journal.1.r.a', 'flock.t.live.r.a'])('%j is no journal', (subject) =>
    expect(parseJournalSubject(subject)).toBeUndefined(),
  );

  test.each([
    ['a.b', true],
    ['a', true],
    ['', false],
    ['a.', false],
    ['.a', false],
    ['a..b', false],
    ['a.*', false],
    ['a.>', false],
    ['a b', false],
    ['a.b\t', false],
  ])('isSubject(%j) is %s', (subject, expected) => expect(isSubject(subject)).toBe(expected));

  test('patterns meet the subjects they are for, and no others', () => {
    fc.assert(
      fc.property(address, address, token, (one, other, sender) => {
        const subject = journalSubject(one);
        expect(subjectMatches(journalPattern, subject)).toBe(true);
        expect(subjectMatches(rootPattern(one.tenant, one.root), subject)).toBe(true);
        expect(subjectMatches(livePattern(one.tenant, one.root), liveSubject(one))).toBe(true);
        expect(subjectMatches(journalPattern, inboxSubject(one, sender))).toBe(false);
        for (let shard = 0; shard < shardCount; shard++) expect(subjectMatches(shardPattern(shard), subject)).toBe(shard === shardOf(one.root));
        expect(subjectMatches(rootPattern(other.tenant, other.root), subject)).toBe(other.tenant === one.tenant && other.root === one.root);
      }),
      { numRuns: 50 },
    );
  });
});

describe('wildcards', () => {
  test('agree with the reference', () => {
    const part = fc.constantFrom('a', 'b', 'c');
    const pattern = fc
      .tuple(fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 5 }), fc.boolean())
      .map(([parts, tail]) => (tail ? [...parts, '>'] : parts));
    fc.assert(
      fc.property(pattern, fc.array(part, { minLength: 1, maxLength: 6 }), (wanted, given) => {
        expect(subjectMatches(wanted.join('.'), given.join('.'))).toBe(reference(wanted, given));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['>', 'a', true],
    ['a.>', 'a', false],
    ['a.>', 'a.b.c', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['*.*', 'a.b', true],
    ['a.b', 'a.b', true],
    ['a.b', 'a.bb', false],
  ])('%s and %s: %s', (pattern, subject, expected) => expect(subjectMatches(pattern, subject)).toBe(expected));
});

describe('shards', () => {
  test('are FNV-1a modulo 64: the published vectors', () => {
    // http://www.isthe.com/chongo/tech/comp/fnv/ : '' 0x811c9dc5, 'a' 0xe40c292c, 'foobar' 0xbf9cf968
    expect(shardOf('')).toBe(0x81_1c_9d_c5 % 64);
    expect(shardOf('a')).toBe(0xe4_0c_29_2c % 64);
    expect(shardOf('foobar')).toBe(0xbf_9c_f9_68 % 64);
  });

  test('never change: a cluster lives longer than a release', () => {
    expect(['goal-1', 'goal-2', '01JD0000000000000000000000', 'g'].map(shardOf)).toEqual([16, 9, 60, 6]);
  });

  test('are all used, each by about its part', () => {
    const roots = 64_000;
    const counts = new Array<number>(shardCount).fill(0);
    for (let at = 0; at < roots; at++) {
      const shard = shardOf(`01JD${at.toString(36).padStart(8, '0')}x${(at * 7_919).toString(36)}`);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    // 1,000 expected in each; five standard deviations are 158.
    expect(Math.min(...counts)).toBeGreaterThan(840);
    expect(Math.max(...counts)).toBeLessThan(1_160);
  });
});
