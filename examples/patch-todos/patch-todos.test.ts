import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout, goalIn, useStage } from '../../test/e2e/stage.ts';
import { notPrinted, shownBelow } from '../shown-output.ts';

const stage = useStage();
const folder = 'examples/patch-todos/sales-report';
const page = join(import.meta.dirname, 'README.md');
const args = ['run', '-f', 'examples/patch-todos/goal.json', '--input', folder];

function flockwork(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return stage().start(argv, { cwd: checkout, env: { FLOCKWORK_DATA_DIR: stage().data, ...env } }).ended;
}

/** A copy of a folder in the stage. */
function copyOf(source: string, name: string): string {
  const copy = stage().path(name);
  cpSync(join(checkout, source), copy, { recursive: true });
  return copy;
}

const status = (cwd: string, command: string, ...argv: readonly string[]): number | null => spawnSync(command, argv, { cwd, stdio: 'ignore' }).status;

/** The sources of a folder as text, by path. */
function sourcesOf(cwd: string): Readonly<Record<string, string>> {
  return Object.fromEntries(globSync('{src,test}/**/*.{js,ts}', { cwd }).map((path) => [path, readFileSync(join(cwd, path), 'utf8')]));
}

function expectToWork(copy: string): void {
  for (const path of globSync('{src,test}/**/*.js', { cwd: copy })) expect(status(copy, process.execPath, '--check', path), path).toBe(0);
  expect(status(copy, process.execPath, '--test')).toBe(0);
}

describe('examples/patch-todos', () => {
  test('offline: settles what says exactly what to do, and the patch applies with git and with our own command', async () => {
    const before = sourcesOf(join(checkout, folder));
    const { code, out, err } = await flockwork(args);
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect(notPrinted(shownBelow(page, `npx flockwork ${args.join(' ')}`), out, err)).toEqual([]);
    expect(sourcesOf(join(checkout, folder))).toEqual(before);

    const goal = goalIn(err);
    const [byGit, byUs] = [copyOf(folder, 'by-git'), copyOf(folder, 'by-us')];
    const { out: patch } = await flockwork(['artifacts', goal, '--patch']);
    await stage().write('todos.patch', patch);
    expect(status(byGit, 'git', 'apply', '--check', stage().path('todos.patch'))).toBe(0);
    expect(status(byGit, 'git', 'apply', stage().path('todos.patch'))).toBe(0);
    const applied = await flockwork(['artifacts', goal, '--apply', byUs]);
    const shown = shownBelow(page, `npx flockwork artifacts ${/artifacts (g-\w+) --apply examples/.exec(readFileSync(page, 'utf8'))?.[1]} --apply ${folder}`);
    expect([applied.code, notPrinted(shown, applied.out, applied.err.replace(byUs, folder))]).toEqual([0, []]);

    const after = sourcesOf(byUs);
    expect(sourcesOf(byGit)).toEqual(after);
    expect(after).not.toEqual(before);
    for (const copy of [byGit, byUs]) expectToWork(copy);
    const todos = (sources: Readonly<Record<string, string>>): number => Object.values(sources).join('\n').match(/TODO/g)?.length ?? 0;
    expect([todos(before), todos(after)]).toEqual([9, 5]);
    expect(Object.values(after).join('\n')).not.toMatch(/\bcalc\(|console\.error|let text|[^=]==[^=]/);
  });

  test('offline, on a code base that it was not made for: the one TODO that needs no decision', async () => {
    const { code, out, err } = await flockwork([...args.slice(0, -1), 'examples/sample-service']);
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect(out.match(/^\d+\. .*/gm)).toEqual(['1. `src/orders/pricing.ts:29` — // TODO: rename to priceOf; "calc" says nothing.']);
    const copy = copyOf('examples/sample-service', 'service');
    expect(await flockwork(['artifacts', goalIn(err), '--apply', copy])).toMatchObject({ code: 0 });
    expect(status(copy, process.execPath, '--test')).toBe(0);
    expect(readFileSync(join(copy, 'src/orders/pricing.ts'), 'utf8')).toContain('export function priceOf(');
  });

  test.each(['openai', 'anthropic'])('with a model behind the wire of %s: each stage gets what the one before it made', async (provider) => {
    const patch =
      "--- a/src/load.js\n+++ b/src/load.js\n@@ -5,2 +5,1 @@\n-  // TODO: use const\n-  let text = readFileSync(path, 'utf8');\n+  const text = readFileSync(path, 'utf8');\n";
    const { model, env } = await stage().model({
      script({ user, toolResults }) {
        const stageName = /This is stage \d of 3 \((\w+)\)/.exec(user)?.[1];
        if (stageName === 'read' && toolResults.length === 0) return { toolCalls: [{ name: 'fs.search', input: { query: 'TODO: use const' } }] };
        if (stageName === 'read') return { text: toolResults.join('\n') };
        if (stageName === 'plan')
          return { text: user.includes('## result of read\nsrc/load.js:5:') ? '### To do\n- src/load.js:5 let can be const' : 'nothing was read' };
        if (!user.includes('### To do\n- src/load.js:5')) return { text: 'there is no plan' };
        return toolResults.length === 0 ? { toolCalls: [{ name: 'fs.patch', input: { patch } }] } : { text: `Done: ${toolResults.join()}` };
      },
    });
    const { code, out, err } = await flockwork([...args, '--model', `${provider}/scripted`], {
      ...env,
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'none',
    });
    expect([code, err, out]).toEqual([0, expect.stringContaining('1 changed file: '), 'Done: patched src/load.js (+1 -2)\n']);
    expect(new Set(model.calls.map(({ wire }) => wire))).toEqual(new Set([provider]));
    const copy = copyOf(folder, 'copy');
    expect(await flockwork(['artifacts', goalIn(err), '--apply', copy])).toMatchObject({ code: 0 });
    expect(readFileSync(join(copy, 'src/load.js'), 'utf8')).toContain('  const text =');
    expectToWork(copy);
  });
});
