import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentEndFacts, factTypes, goalEndFacts } from './facts.ts';
import { appendRecordsMax, factBytesMax, formatRecord, recordBody, recordBytesMax, recordInput, splitRecord } from './record.ts';
import { recordVersion } from './version.ts';

const body = { n: 1, at: 0, v: recordVersion, input: { type: 'goal.accept' }, facts: [{ seq: 1, type: 'goal.accepted', data: {} }] };
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));

describe('a stored record', () => {
  test('splits into what it was made of, whatever the body holds', () => {
    fc.assert(
      fc.property(hex(64), hex(32), fc.string(), (hash, salt, text) => {
        const line = formatRecord(hash, salt, JSON.stringify({ text }));
        expect(splitRecord(line)).toEqual({ hash, salt, body: JSON.stringify({ text }) });
      }),
    );
  });

  test('is one line: JSON has no line ends of its own', () => {
    expect(formatRecord('a'.repeat(64), 'b'.repeat(32), JSON.stringify({ text: 'two\nlines' }))).not.toContain('\n');
  });
});

describe('the body of a record', () => {
  test('is taken, and fields of the input that belong to its machine are kept', () => {
    const input = { type: 'agent.assign', id: 'm1', task: 't0', nested: { list: [1] } };
    expect(recordBody.parse({ ...body, input }).input).toEqual(input);
  });

  test.each([
    ['record 0', { n: 0 }],
    ['a fraction of a record', { n: 1.5 }],
    ['a negative time', { at: -1 }],
    ['a version from tomorrow', { v: recordVersion + 1 }],
    ['version 0', { v: 0 }],
    ['no input', { input: undefined }],
    ['an input without a type', { input: {} }],
    ['an input with an empty type', { input: { type: '' } }],
    ['an input of the machine library', { input: { type: 'xstate.init' } }],
    ['an unknown fact', { facts: [{ seq: 1, type: 'goal.forgotten', data: {} }] }],
    ['fact 0', { facts: [{ seq: 0, type: 'goal.accepted', data: {} }] }],
    ['a fact whose data is a list', { facts: [{ seq: 1, type: 'goal.accepted', data: [] }] }],
  ])('%s is refused', (_, change) => expect(recordBody.safeParse({ ...body, ...change }).success).toBe(false));

  test.each(['xstate.', 'xstate.stop', 'xstate.done.actor.0'])('no input is called %s', (type) => expect(recordInput.safeParse({ type }).success).toBe(false));
});

test('bounds fit into each other', () => {
  expect(factBytesMax).toBeLessThan(recordBytesMax);
  expect(appendRecordsMax).toBe(64);
});

test('fact types are noun.verb, once each, and ends are among them', () => {
  expect(factTypes.filter((type) => !/^[a-z]+\.[a-z]+$/.test(type))).toEqual([]);
  expect(new Set(factTypes).size).toBe(factTypes.length);
  const all = new Set<string>(factTypes);
  expect([...goalEndFacts, ...agentEndFacts].filter((type) => !all.has(type))).toEqual([]);
});
