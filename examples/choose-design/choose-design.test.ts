import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout, jsonLines, useStage } from '../../test/e2e/stage.ts';
import { notPrinted, shownBelow } from '../shown-output.ts';

const stage = useStage();
const args = ['run', '-f', 'examples/choose-design/goal.json', '--input', 'examples/choose-design/designs'];
const flockwork = (more: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  stage().start([...args, ...more], { cwd: checkout, env: { FLOCKWORK_DATA_DIR: stage().data, ...env } }).ended;

interface Ballot {
  readonly round: number;
  readonly voter: string;
  readonly choice: string;
  readonly rationale: string;
}

function ballotsOf(out: string): readonly Ballot[] {
  return jsonLines(out).flatMap(({ type, data }) => (type === 'vote.cast' ? [data as Ballot] : []));
}

describe('examples/choose-design', () => {
  test('offline: three proposals, no quorum in the first round, a decision in the second, all of it shown', async () => {
    const { code, out, err } = await flockwork([]);
    expect([code, err]).toEqual([0, expect.any(String)]);
    const command = `npx flockwork ${args.join(' ')}`;
    expect(notPrinted(shownBelow(join(import.meta.dirname, 'README.md'), command), out, err)).toEqual([]);
    expect(notPrinted(shownBelow(join(checkout, 'README.md'), command), out, err)).toEqual([]);
    const cited = [...out.matchAll(/^- `([\w.-]+):(\d+)` — (.*)$/gm)];
    expect(cited).toHaveLength(9);
    for (const [, path = '', line = '', quote = ''] of cited) {
      expect(readFileSync(join(import.meta.dirname, 'designs', path), 'utf8').split('\n')[Number(line) - 1]).toContain(quote);
    }
  });

  test('offline, as events: each proposer votes for its own design first, and two thirds agree then', async () => {
    const { code, out } = await flockwork(['--json']);
    expect(code).toBe(0);
    const ballots = ballotsOf(out);
    const first = ballots.filter(({ round }) => round === 1).map(({ voter, choice }) => `${voter} ${choice}`);
    expect(first.toSorted()).toEqual(['p1 A', 'p2 B', 'p3 C']);
    expect(
      ballots
        .filter(({ round }) => round === 2)
        .every(({ choice, rationale }) => choice === 'B' && rationale.startsWith('SQLite in the service has 11 points')),
    ).toBe(true);
    expect(jsonLines(out).find(({ type }) => type === 'round.decided')).toMatchObject({
      data: { round: 2, choice: 'B', by: 'quorum', votes: 2, needed: 2, of: 3 },
    });
  });

  test('offline, when all must agree at once: the leader that they elect decides, or the goal fails', async () => {
    const strategy = { type: 'consensus', quorum: 'unanimous', rounds: 1 };
    const led = await flockwork(['--strategy', JSON.stringify({ ...strategy, noQuorum: 'leader' })]);
    expect([led.code, led.err]).toEqual([
      0,
      expect.stringMatching(/leader\.elected p1 in term 1: after 1 round\(s\)[^\n]*\n[\s\S]*round\.decided in round 1: B by the leader p1 of term 1;/),
    ]);
    expect(led.out).toContain('Choice: SQLite in the service');
    const failed = await flockwork(['--strategy', JSON.stringify({ ...strategy, noQuorum: 'fail' })]);
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('(no_quorum)')]);
  });

  test('with a model behind a provider’s wire: it argues, sees the ballots of the others, and changes its vote', async () => {
    const { model, env } = await stage().model({
      script({ role, user }) {
        const voter = /You are (?:the voter )?(p\d)/.exec(user)?.[1] ?? '';
        if (role === 'propose') return { text: `${voter} proposes SQLite, for reason ${voter}.` };
        const convinced = user.includes('- p3 voted C: the copy every minute convinces me');
        const own = { p1: 'A', p2: 'B', p3: 'C' }[voter] ?? 'abstain';
        return { text: convinced ? 'VOTE: C\nI was convinced.' : `VOTE: ${own}\n${voter === 'p3' ? 'the copy every minute convinces me' : 'my own'}` };
      },
    });
    const { code, out, err } = await flockwork(['--model', 'anthropic/scripted'], { ...env, ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'none' });
    expect([code, out]).toEqual([0, 'p3 proposes SQLite, for reason p3.\n']);
    expect(err).toContain('vote.cast p3 in round 1: C — the copy every minute convinces me\n');
    expect(err).toContain('no quorum in round 1: A 1, B 1, C 1\n');
    expect(err).toMatch(/vote\.cast p\d in round 2: C — I was convinced\.\n/);
    expect(err).toContain('round.decided in round 2: C by quorum, 2 of 3 votes, 2 needed; it is the proposal of p3\n');
    expect(model.calls.every(({ wire, status }) => wire === 'anthropic' && status === 200)).toBe(true);
  });
});
