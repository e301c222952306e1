import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout, jsonLines, useStage } from '../../test/e2e/stage.ts';
import { notPrinted, shownBelow } from '../shown-output.ts';

const stage = useStage();
const sample = join(checkout, 'examples/sample-service');
const args = ['run', '-f', 'examples/review/goal.json', '--input', 'examples/sample-service'];
const run = (...more: readonly string[]) => stage().start([...args, ...more], { cwd: checkout, env: { FLOCKWORK_DATA_DIR: stage().data } }).ended;

/** Each finding of a report: its place and the line that it quotes. */
function findings(report: string): readonly { place: string; path: string; line: number; quote: string }[] {
  return [...report.matchAll(/^\d+\. `([\w./-]+):(\d+)` — (.*)$/gm)].map(([, path = '', line = '', quote = '']) => ({
    place: `${path}:${line}`,
    path,
    line: Number(line),
    quote,
  }));
}

describe('examples/review', () => {
  test('offline: finds the faults of the sample, and every citation is true', async () => {
    const { code, out, err } = await run();
    expect([code, err]).toEqual([0, expect.any(String)]);
    const found = findings(out);
    for (const { path, line, quote, place } of found) {
      expect(readFileSync(join(sample, path), 'utf8').split('\n')[line - 1], place).toContain(quote.replace(/ …$/, ''));
    }
    // Faults of the code itself, beside those that a comment tells of.
    expect(found.filter(({ quote }) => !quote.startsWith('//')).map(({ place }) => place)).toEqual([
      'src/config.ts:36',
      'src/auth/tokens.ts:24',
      'src/router.ts:66',
      'src/server.ts:23',
      'src/auth/tokens.ts:25',
      'src/router.ts:45',
      'src/storage/file-store.ts:26',
    ]);
    expect(found.filter(({ quote }) => quote.includes('FIXME'))).toHaveLength(13);
    expect(notPrinted(shownBelow(join(import.meta.dirname, 'README.md'), `npx flockwork ${args.join(' ')}`), out, err)).toEqual([]);
  });

  test('with --json: events, then the result', async () => {
    const { code, out } = await run('--json');
    const lines = jsonLines(out);
    expect([code, lines.at(-1)]).toMatchObject([0, { type: 'result', status: 'completed', result: expect.stringContaining('`src/config.ts:36`') }]);
    expect(lines.find(({ type }) => type === 'plan.made')).toMatchObject({ data: { strategy: 'map-reduce' } });
  });

  test('with a model behind a provider’s wire: it reads the code of its part, and its findings are merged', async () => {
    const asked: string[] = [];
    const { model, env } = await stage().model({
      script({ role, user, toolResults, tools }) {
        if (role === 'reduce') return { text: `The worst of all:\n${[...user.matchAll(/^- `\S+:\d+`.*$/gm)].map(([line]) => line).join('\n')}` };
        asked.push(user);
        const [, ...files] = /\n## files\n([\s\S]*)$/.exec(user)?.[0].trim().split('\n') ?? [];
        const mine = files.find((path) => path === 'src/config.ts') ?? files[0] ?? '';
        if (toolResults.length === 0) return { toolCalls: [{ name: tools.find((name) => name === 'fs_read') ?? 'none', input: { path: mine } }] };
        const at = toolResults[0]?.split('\n').find((line) => line.includes('change-me'));
        return { text: at === undefined ? 'Nothing here.' : `- \`${mine}:${at.trim().split('\t')[0]}\` — a secret that everyone can read` };
      },
    });
    const { code, out, err } = await stage().start([...args, '--model', 'openai/scripted'], {
      cwd: checkout,
      env: { ...env, FLOCKWORK_DATA_DIR: stage().data },
    }).ended;
    expect([code, err]).toEqual([0, expect.stringContaining('model openai/scripted (--model names it)')]);
    expect(out).toBe('The worst of all:\n- `src/config.ts:36` — a secret that everyone can read\n');
    expect(asked.every((user) => user.startsWith('Review this code base for faults: hard-coded secrets'))).toBe(true);
    expect(model.calls.filter(({ role }) => role === 'reduce')).toMatchObject([{ wire: 'openai', stream: true, status: 200 }]);
  });
});
