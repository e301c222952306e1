/**
 * `npm test [-- <filter or vitest option>…]`: builds dist, runs every suite that this machine can run, and ends with a table of those
 * it left out. Changes nothing outside the checkout. With CI=1 a missing service is a failure. The last line is `N passed, N failed`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, show } from './checks/run.ts';
import { type MissingService, missingServices, services } from './services/services.ts';
import { type TestFile, testFiles } from './services/test-files.ts';
import { closingLine, failedStepsVariable, readReport, type TestReport } from './services/test-report.ts';

const skippedShownMax = 40;

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

interface LeftOut {
  readonly file: TestFile;
  readonly missing: readonly MissingService[];
}

function leftOut(files: readonly TestFile[]): readonly LeftOut[] {
  const wanted = services.filter((service) => files.some((file) => file.needs.includes(service.name)));
  const missing = missingServices(wanted);
  return files.flatMap((file) => {
    const lacks = missing.filter((service) => file.needs.includes(service.name));
    return lacks.length === 0 ? [] : [{ file, missing: lacks }];
  });
}

/** Files that a plain filter chooses, as vitest does it: the path holds the text. */
function chosen(files: readonly TestFile[], filters: readonly string[]): readonly TestFile[] {
  return filters.length === 0 ? files : files.filter((file) => filters.some((filter) => `${root}/${file.path}`.includes(filter.replace(/^\.\//, ''))));
}

function runSuites(filters: readonly string[], options: readonly string[], without: readonly LeftOut[]): { report: TestReport | undefined; status: number } {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-test-'));
  try {
    const json = join(folder, 'report.json');
    const excludes = without.flatMap(({ file }) => ['--exclude', file.path]);
    const reporters = ['--reporter', 'default', '--reporter', 'json', `--outputFile.json=${json}`];
    const status = show('vitest', ['run', ...reporters, ...excludes, ...options, ...filters]);
    return { report: existsSync(json) ? readReport(json, root) : undefined, status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is wrong although vitest did not count it. */
function defects(expected: readonly TestFile[], exact: boolean, report: TestReport, status: number): readonly string[] {
  const ran = new Set(report.files);
  const found = exact ? expected.filter((file) => !ran.has(file.path)).map((file) => `${file.path} exists and did not run`) : [];
  if (ran.size === 0) found.push('no test file ran');
  if (status !== 0 && report.failed === 0 && found.length === 0)
    found.push(`vitest ended with ${status} although no test failed: an error outside of a test, shown above`);
  return found;
}

function printLeftOut(without: readonly LeftOut[], report: TestReport | undefined, ci: boolean): void {
  if (without.length > 0) {
    say();
    say(`Left out${ci ? ', which fails with CI set' : ''}:`);
    const rows = without.map(({ file, missing }) => [file.suite, file.path, missing.map((service) => `${service.name}: ${service.why}`).join('; ')] as const);
    const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
    for (const row of rows) say(`  ${row[0].padEnd(widths[0] ?? 0)}  ${row[1].padEnd(widths[1] ?? 0)}  ${row[2]}`);
    const missing = new Map(without.flatMap((entry) => entry.missing.map((service) => [service.name, service] as const)));
    say('To get them: npm run setup');
    for (const service of missing.values()) say(`  ${service.name}: Debian package ${service.debianPackage}; elsewhere ${service.elsewhere}`);
  }
  if (report !== undefined && report.skipped > 0) {
    say();
    say('Skipped by their own condition:');
    for (const name of report.skippedTests.slice(0, skippedShownMax)) say(`  ${name}`);
    if (report.skipped > skippedShownMax) say(`  and ${report.skipped - skippedShownMax} more`);
  }
}

function main(args: readonly string[]): number {
  const failedBefore = Number(process.env[failedStepsVariable] ?? 0);
  const ci = (process.env['CI'] ?? '') !== '' && process.env['CI'] !== '0' && process.env['CI'] !== 'false';
  if (show(process.execPath, ['scripts/build.ts']) !== 0) {
    say('The sources do not compile, so nothing was tested.');
    say(closingLine({ passed: 0, failed: failedBefore + 1, skipped: 0 }));
    return 1;
  }
  const options = args.filter((argument, at) => argument.startsWith('-') || args[at - 1]?.match(/^-(t|-project|-testNamePattern)$/));
  const filters = args.filter((argument) => !options.includes(argument));
  const files = chosen(testFiles(root), filters);
  const without = leftOut(files);
  const expected = files.filter((file) => !without.some((entry) => entry.file === file));
  const none = { passed: 0, failed: 0, skipped: 0, files: [], skippedTests: [] };
  const { report, status } = expected.length === 0 ? { report: none, status: 0 } : runSuites(filters, options, without);
  if (report === undefined) {
    say('vitest wrote no report: it did not get as far as running a test.');
    say(closingLine({ passed: 0, failed: failedBefore + 1, skipped: 0 }));
    return 1;
  }
  const wrong = [...defects(expected, options.length === 0, report, status)];
  if (ci) for (const { file, missing } of without) wrong.push(`${file.path} could not run: ${missing.map((service) => service.name).join(', ')} missing`);
  printLeftOut(without, report, ci);
  if (wrong.length > 0) {
    say();
    for (const line of wrong) say(`FAILED  ${line}`);
  }
  const failed = failedBefore + report.failed + wrong.length;
  say();
  say(closingLine({ ...report, failed }));
  return failed === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
