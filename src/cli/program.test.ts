import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandIo } from './io.ts';
import { createProgram, runCommandLine } from './program.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'flockwork-program-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function cli(argv: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    write(text: string) {
      written[name] += text;
      return true;
    },
    once: () => undefined,
  });
  const io: CommandIo = {
    stdout: stream('out'),
    stderr: stream('err'),
    stdin: Readable.from([]),
    env,
    cwd,
    onInterrupt: () => () => undefined,
    exitNow: () => undefined,
  };
  const code = await runCommandLine(argv, io, '1.2.3');
  return { code, ...written };
}

function everyLeaf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(everyLeaf);
}

describe('every command', () => {
  const leaves = everyLeaf(createProgram('0', () => undefined));

  test('has --json, and examples in its help', () => {
    expect(leaves.length).toBeGreaterThan(14);
    expect(leaves.filter((leaf) => !leaf.options.some(({ long }) => long === '--json')).map((leaf) => leaf.name())).toEqual([]);
  });

  test.each([
    'run',
    'start',
    'submit',
    'watch',
    'cancel',
    'resume',
    'goals',
    'artifacts',
    'nodes',
    'replay',
    'audit verify',
    'config get',
    'doctor',
    'mock-model',
  ])('%s --help', async (name) => {
    const { code, out, err } = await cli([...name.split(' '), '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`Usage: flockwork ${name}`);
    expect(out).toMatch(/\nExamples:\n {2}\S/);
  });
});

describe('usage', () => {
  test.each([
    [['--version'], 0, '1.2.3\n', ''],
    [['bogus'], 2, '', "flockwork: unknown command 'bogus'; see flockwork --help (usage)\n"],
    [['run', '--bogus'], 2, '', "flockwork: unknown option '--bogus'; see flockwork run --help (usage)\n"],
    [['run', '--jsn', 'x'], 2, '', "flockwork: unknown option '--jsn'. Did you mean --json? See flockwork run --help (usage)\n"],
    [['watch'], 2, '', "flockwork: missing required argument 'goal'; see flockwork watch --help (usage)\n"],
    [
      ['run', 'find', 'bugs'],
      2,
      '',
      "flockwork: too many arguments for 'run'. Expected 1 argument but got 2: find, bugs; put the goal in quotes; see flockwork run --help (usage)\n",
    ],
    [['run'], 2, '', 'flockwork: say what to do: flockwork run "<goal>", or -f goal.json (usage)\n'],
  ])('%j', async (argv, code, out, err) => {
    expect(await cli(argv)).toEqual({ code, out, err });
  });

  test('without a command: the help, on stderr', async () => {
    const { code, out, err } = await cli([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Usage: flockwork');
  });

  test('a bad configuration: all problems, exit code 2', async () => {
    await writeFile(join(cwd, 'flockwork.toml'), '[http]\nprot = 1\n');
    const one = await cli(['goals']);
    expect(one).toEqual({ code: 2, out: '', err: 'flockwork: flockwork.toml: http.prot: unknown key, did you mean http.port? (config_invalid)\n' });
    const two = await cli(['goals'], { FLOCKWORK_HTTP_PORTS: '1' });
    expect(two.err.split('\n')[0]).toBe('flockwork: the configuration has 2 problems: (config_invalid)');
  });

  test('no node, no folder: says what to do', async () => {
    const { code, err } = await cli(['submit', 'x']);
    expect(code).toBe(1);
    expect(err).toMatch(/^flockwork: no node runs on .*\.flockwork; begin one with flockwork start, or name one with --connect \(no_node\)\n$/);
    expect((await cli(['goals'])).err).toContain('there is no such data folder');
  });
});

describe('config get', () => {
  test('one value, plain; a section; everything with origins', async () => {
    const env = { FLOCKWORK_HTTP_PORT: '8081', OPENAI_API_KEY: 'sk-very-secret' };
    expect((await cli(['config', 'get', 'http.port'], env)).out).toBe('8081\n');
    expect((await cli(['config', 'get', 'http.port', '--origin'], env)).out).toBe('8081  # env FLOCKWORK_HTTP_PORT\n');
    expect((await cli(['config', 'get', 'http'], env)).out).toBe('http.host = "127.0.0.1"\nhttp.port = 8081\n');
    const all = await cli(['config', 'get', '--origin'], env);
    expect(all.out).toContain('openai.apiKey = "<secret from env OPENAI_API_KEY>"  # env OPENAI_API_KEY\n');
    expect(all.out).toContain('worker.concurrency = 16  # default\n');
    expect(all.out).not.toContain('sk-very-secret');
  });

  test('as JSON', async () => {
    const { out } = await cli(['config', 'get', 'http', '--json'], { FLOCKWORK_HTTP_PORT: '8081' });
    expect(JSON.parse(out)).toMatchObject({
      values: { 'http.host': '127.0.0.1', 'http.port': 8081 },
      origins: { 'http.host': 'default', 'http.port': 'env FLOCKWORK_HTTP_PORT' },
    });
    expect(JSON.parse((await cli(['config', 'get', '--json'])).out)).toMatchObject({
      values: { log: { level: 'info' } },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('an unknown key names the nearest', async () => {
    const { code, err } = await cli(['config', 'get', 'http.prt']);
    expect([code, err]).toEqual([2, 'flockwork: there is no configuration key http.prt, did you mean http.port? (usage)\n']);
  });
});

// `vitest run -u src/cli/program.test.ts` writes the page anew.
test('docs/cli.md is in step with the commands', async () => {
  const program = createProgram('0', () => undefined);
  const helpOf = (command: Command): string => {
    let text = '';
    const writeOut = (part: string): void => {
      text += part;
    };
    command.configureOutput({ writeOut, getOutHelpWidth: () => 120, getOutHasColors: () => false });
    command.outputHelp();
    return text.trimEnd();
  };
  const nameOf = (command: Command): string => (command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`);
  const page = [
    '# Command line',
    '<!-- Made from src/cli/declare; a test holds the two against each other. -->',
    [
      'stdout carries the result or JSON lines only; progress, notes and errors go to stderr. `NO_COLOR` and pipes are honoured: on a',
      'terminal progress is redrawn in place, elsewhere it is a line per event, and with `--json` every event is a JSON line on stdout.',
    ].join('\n'),
    '| exit code | means |\n|---|---|\n| 0 | completed |\n| 1 | failed, cancelled or paused |\n| 2 | the command line or the configuration is wrong |\n| 130 | interrupted |',
    [
      'An error is one sentence, `flockwork: <message> (<code>)`, with a code of [errors.md](errors.md).',
      'A client command talks to the node named with `--connect`, else with `FLOCKWORK_CONNECT`, else to the live node of the data',
      'folder. Its token comes from `FLOCKWORK_TOKEN` or `--token-file`, never from an argument. Commands that only read a data folder',
      'on which no node runs (`goals`, `watch`, `artifacts`, `replay`, `audit verify`), and `cancel` and `resume`, open it themselves.',
    ].join('\n'),
    [
      '`run --json` and `watch --json` print each event as one line, `{goalId, cursor, actor, seq, at, type, data}`, and then',
      '`{"type":"result", id, status, result, usage, tasks}`, with `error` when the goal failed.',
    ].join('\n'),
    ...everyLeaf(program).map((command) => `## ${nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``),
  ].join('\n\n');
  await expect(`${page}\n`).toMatchFileSnapshot('../../docs/cli.md');
});
