import { describe, expect, test } from 'vitest';
import type { ModelMessage, ModelReply, ModelRequest } from '../../../../actors/ports/models.ts';
import { OfflineAdapter } from '../adapter.ts';
import { alternativeIn, criteriaOf } from './ratings.ts';

const goal = 'Choose the best of these designs by simplicity, cost and robustness';
const file = (name: string, ...points: readonly number[]): string =>
  [`# ${name}`, '', `- Simplicity: ${points[0]}/5. Why.`, `* **Cost:** ${points[1]} of 5`, `| robustness | ${points[2]} / 5 |`].join('\n');
const files: Readonly<Record<string, string>> = {
  'a.md': file('Files', 5, 3, 1),
  'b.md': file('SQLite', 3, 5, 3),
  'c.md': file('Postgres', 1, 2, 5),
  'README.md': '# Designs',
};
const object = { type: 'object', properties: { path: { type: 'string' }, from: { type: 'integer' }, to: { type: 'integer' } } };
const tools: ModelRequest['tools'] = ['fs.list', 'fs.read'].map((name) => ({ name, description: '', parameters: object }));

async function ask(messages: ModelMessage[], given: ModelRequest['tools']): Promise<ModelReply> {
  const request = { model: 'offline/extractive', messages, tools: given, outputTokensMax: 4_000, key: 'k' };
  return new OfflineAdapter().call('extractive', request, { signal: new AbortController().signal });
}

function told(role: string, prompt: string): ModelMessage[] {
  return [
    { role: 'system', text: `You are an agent.\nRole: ${role}` },
    { role: 'user', text: prompt },
  ];
}

/** The proposal of a voter, made with the tools. */
async function proposal(voter: number, about = goal): Promise<string> {
  const messages = told('propose', `${about}\n\nYou are p${voter}, one of 3 proposers who each answer this goal on their own.`);
  for (let round = 0; round < 5; round++) {
    const reply = await ask(messages, tools);
    if (reply.toolCalls.length === 0) return reply.text;
    messages.push({ role: 'assistant', text: reply.text, toolCalls: reply.toolCalls });
    for (const { id, name, input } of reply.toolCalls) {
      const path = String((input as { path?: string }).path);
      const text =
        name === 'fs.list'
          ? Object.keys(files).join('\n')
          : (files[path] ?? '')
              .split('\n')
              .map((line, at) => `${at + 1}\t${line}`)
              .join('\n');
      messages.push({ role: 'tool', id, name, ok: true, text });
    }
  }
  throw new Error('no proposal in 5 rounds');
}

async function ballot(voter: number, round: number, proposals: readonly string[]): Promise<string> {
  const blocks = proposals.map((text, at) => `## proposal ${'ABC'[at]}\n${text}`);
  return (await ask(told('vote', [goal, `You are the voter p${voter} in round ${round} of 3. Say VOTE.`, ...blocks].join('\n\n')), [])).text;
}

const choiceOf = (text: string): string | undefined => /^Choice: (.*)$/m.exec(text)?.[1];

describe('a proposal', () => {
  test('each proposer stands for a criterion of its own, and says by which lines', async () => {
    const proposals = await Promise.all([1, 2, 3, 4].map((voter) => proposal(voter)));
    expect(proposals.map(choiceOf)).toEqual(['Files', 'SQLite', 'Postgres', 'Files']);
    expect(proposals[1]).toContain('cost counts 3 times, as p2 stands for it');
    expect(proposals[1]).toContain('| SQLite | 3 | 5 | 3 | 21 |');
    expect(proposals[0]).toContain('- `a.md:3` — Simplicity: 5/5. Why.');
  });

  test('criteria that the texts do not rate are no ground to choose', async () => {
    expect(choiceOf(await proposal(1, 'Choose the best of these designs by beauty and age'))).toBeUndefined();
    expect(criteriaOf('Find every TODO by file and line')).toEqual([]);
    expect(criteriaOf('Pick one by its simplicity and cost')).toEqual(['simplicity', 'cost']);
  });

  test('of a text that rates nothing there is no alternative, and points above their scale are none', () => {
    const lines = (text: string): ReadonlyMap<number, string> => new Map(text.split('\n').map((line, at) => [at + 1, line]));
    expect(alternativeIn('x.md', lines('# A\nCost: high\nServed 5 of 5 guests at 1/2 past'))).toBeUndefined();
    expect(alternativeIn('x.md', lines('Cost: 7/5'))).toBeUndefined();
    expect(alternativeIn('x.md', lines('Cost: 2/4'))?.ratings.get('cost')).toMatchObject({ share: 0.5, source: { line: 1 } });
  });
});

describe('a ballot', () => {
  test('goes to the own proposal first, and to the one that is best by all criteria once the others were heard', async () => {
    const proposals = await Promise.all([1, 2, 3].map((voter) => proposal(voter)));
    const first = await Promise.all([1, 2, 3].map((voter) => ballot(voter, 1, proposals)));
    expect(first.map((text) => text.split('\n', 1)[0])).toEqual(['VOTE: A', 'VOTE: B', 'VOTE: C']);
    expect(first[0]).toContain('Files has 19 points with simplicity counted 3 times; B (SQLite) 17, C (Postgres) 10.');
    const second = await Promise.all([1, 2, 3].map((voter) => ballot(voter, 2, proposals)));
    expect(second.map((text) => text.split('\n', 1)[0])).toEqual(['VOTE: B', 'VOTE: B', 'VOTE: B']);
  });

  test('a leader decides by all criteria', async () => {
    const proposals = await Promise.all([1, 2, 3].map((voter) => proposal(voter)));
    const blocks = proposals.map((text, at) => `## proposal ${'ABC'[at]}\n${text}`);
    const { text } = await ask(told('decide', [goal, 'The voters found no quorum and elected you, p1, to decide.', ...blocks].join('\n\n')), []);
    expect(text).toMatch(/^DECISION: B\n/);
  });

  test('on proposals that others wrote it counts the terms of the goal, as ever', async () => {
    expect(await ballot(1, 1, ['Take files.', 'Simplicity and cost speak for SQLite.'])).toMatch(/^VOTE: B\n\nProposal B holds/);
  });
});
