/**
 * `npm run verify [-- --without step,step]`: everything that must hold, one line per step with its time, what is wrong below it.
 * Goes on after a failure, so that one run shows all. Each step fails when it had nothing to check. Ends with the closing line of the tests;
 * a step that failed counts there as one failure.
 */
import { checkApi } from './checks/api.ts';
import { documentedErrors, pageProblems, unusedCodes } from './checks/catalogue.ts';
import { checkEntries } from './checks/entries.ts';
import { checkExamples } from './checks/examples.ts';
import { checkLayers, doorGaps } from './checks/layers.ts';
import { lockfileGaps, readLockfile } from './checks/lockfile.ts';
import { type Finished, root, run, show } from './checks/run.ts';
import { sources } from './checks/sources.ts';
import { failedStepsVariable } from './services/test-report.ts';

/** What a step found: nothing wrong, and how much it looked at; `checked` 0 is a failure of its own. */
interface Outcome {
  readonly problems: readonly string[];
  readonly checked: number;
  readonly unit: string;
}

type Step = readonly [name: string, check: () => Outcome];

const shownMax = 60;

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** A tool that prints its findings: they are the problems when it ends with another code than 0. */
function outcomeOf(done: Finished, checked: number, unit: string): Outcome {
  const said = [...lines(done.stdout), ...lines(done.stderr)];
  return { problems: done.status === 0 ? [] : said.length === 0 ? [`ended with ${done.status}`] : said, checked, unit };
}

function countIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1]?.replaceAll(',', '') ?? 0);
}

/** Biome's findings, one line each; it says in its own words how many files it read. */
function biome(args: readonly string[]): Outcome {
  const done = run('biome', [...args, '--colors=off', '--reporter=github', '--max-diagnostics=none', '.']);
  const counted = run('biome', [...args, '--colors=off', '--reporter=summary', '.']);
  const found = lines(done.stdout).filter((line) => line.startsWith('::'));
  const problems = found.map((line) => line.replace(/^::\w+ title=([^,]*),file=([^,]*),line=(\d+),[^:]*::(.*)$/, '$2:$3 $1: $4').replace(`${root}/`, ''));
  return {
    problems: done.status === 0 || problems.length > 0 ? problems : lines(done.stderr),
    checked: countIn(counted.stdout + counted.stderr, /Checked (\d+) files/),
    unit: 'files',
  };
}

function format(): Outcome {
  return biome(['check', '--linter-enabled=false']);
}

function lint(): Outcome {
  const first = biome(['lint', '--error-on-warnings']);
  const oxlint = run('oxlint', ['--deny-warnings', '.'], { NO_COLOR: '1' });
  const listed = run('oxlint', ['--deny-warnings', '--format', 'unix', '.'], { NO_COLOR: '1' });
  const second = oxlint.status === 0 ? [] : lines(listed.stdout);
  return { problems: [...first.problems, ...second], checked: Math.min(first.checked, countIn(oxlint.stdout, /on (\d+) files/)), unit: 'files' };
}

function types(): Outcome {
  const done = run('tsc', ['--noEmit', '--pretty', 'false', '-p', '.', '--listFilesOnly']);
  const own = lines(done.stdout).filter((line) => !line.includes('/node_modules/')).length;
  return outcomeOf(run('tsc', ['--noEmit', '--pretty', 'false', '-p', '.']), own, 'files');
}

function layers(): Outcome {
  const { cruised, present, violations } = checkLayers();
  const unread = cruised === present ? [] : [`the cruiser read ${cruised} modules and the tree has ${present}`];
  return { problems: [...violations, ...unread, ...doorGaps()], checked: cruised, unit: 'modules' };
}

function deadCode(): Outcome {
  return outcomeOf(run('knip', ['--no-progress', '--no-config-hints']), sources().length, 'files');
}

function build(): Outcome {
  const done = run('node', ['scripts/build.ts']);
  return outcomeOf(done, countIn(done.stderr, /(\d+) modules/), 'modules');
}

function loadEntries(): Outcome {
  const { problems, loaded } = checkEntries();
  return { problems, checked: loaded, unit: 'entries' };
}

function publicApi(): Outcome {
  return { ...checkApi(false), unit: 'entries' };
}

function catalogue(): Outcome {
  const unused = unusedCodes().map((code) => `${code} is thrown nowhere`);
  return { problems: [...pageProblems(), ...unused], checked: documentedErrors().length, unit: 'codes' };
}

function packed(): Outcome {
  const done = run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
  if (done.status !== 0) return outcomeOf(done, 0, 'files');
  const reply: unknown = JSON.parse(done.stdout);
  const [first] = (Array.isArray(reply) ? reply : Object.values(reply ?? {})) as { files: { path: string }[] }[];
  const paths = first?.files.map(({ path }) => path) ?? [];
  const allowed = /^(?:bin\/flockwork\.cjs|dist\/.*|package\.json|README\.md|LICENSE|CHANGELOG\.md|flockwork\.example\.toml)$/;
  const needed = ['bin/flockwork.cjs', 'dist/cli/main.js', 'dist/src/index.js', 'LICENSE', 'README.md', 'CHANGELOG.md', 'flockwork.example.toml'];
  return {
    problems: [
      ...paths.filter((path) => !allowed.test(path) || path.includes('.test.')).map((path) => `${path} is in the package and should not be`),
      ...needed.filter((path) => !paths.includes(path)).map((path) => `${path} is not in the package`),
    ],
    checked: paths.length,
    unit: 'files',
  };
}

function lockfile(): Outcome {
  const locked = readLockfile();
  const gaps = lockfileGaps(locked).map(({ name, version }) => `${name} ${version} is not in package-lock.json; run npm run lock`);
  return { problems: gaps, checked: Object.keys(locked.packages).length, unit: 'packages' };
}

const steps: readonly Step[] = [
  ['lockfile', lockfile],
  ['format', format],
  ['lint', lint],
  ['types', types],
  ['layers', layers],
  ['dead code', deadCode],
  ['build', build],
  ['entries', loadEntries],
  ['public API', publicApi],
  ['catalogue', catalogue],
  ['examples', checkExamples],
  ['package', packed],
];

function take([name, check]: Step): boolean {
  const started = performance.now();
  let outcome: Outcome;
  try {
    outcome = check();
  } catch (error) {
    outcome = { problems: [error instanceof Error ? error.message : String(error)], checked: 0, unit: 'things' };
  }
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const problems = outcome.checked === 0 && outcome.problems.length === 0 ? ['had nothing to check'] : outcome.problems;
  process.stdout.write(`${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(11)} ${seconds.padStart(6)} s  ${outcome.checked} ${outcome.unit}\n`);
  for (const problem of problems.slice(0, shownMax)) process.stdout.write(`        ${problem}\n`);
  if (problems.length > shownMax) process.stdout.write(`        and ${problems.length - shownMax} more lines\n`);
  return problems.length === 0;
}

function main(args: readonly string[]): number {
  const option = args.indexOf('--without');
  const without = new Set(option < 0 ? [] : (args[option + 1] ?? '').split(','));
  const unknown = [...without].filter((name) => name !== 'test' && !steps.some(([step]) => step === name));
  if (unknown.length > 0) {
    process.stderr.write(`verify: no step ${unknown.join(', ')}; there are ${steps.map(([name]) => name).join(', ')}, test\n`);
    return 2;
  }
  const failed = steps
    .filter(([name]) => !without.has(name))
    .filter((step) => !take(step))
    .map(([name]) => name);
  const summary = failed.length === 0 ? 'verify: all steps hold\n' : `verify: ${failed.length} failed: ${failed.join(', ')}\n`;
  process.stdout.write(summary);
  if (without.has('test')) return failed.length === 0 ? 0 : 1;
  const tested = show('node', ['scripts/test.ts'], { [failedStepsVariable]: String(failed.length) });
  return failed.length === 0 && tested === 0 ? 0 : 1;
}

process.chdir(root);
process.exitCode = main(process.argv.slice(2));
