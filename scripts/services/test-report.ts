import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** How many steps failed before the tests began; they count in the closing line of the tests. Set by verify. */
export const failedStepsVariable = 'FLOCKWORK_FAILED_STEPS';

/** What vitest's JSON report says, counted by us. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Test files that ran, relative to the checkout. */
  readonly files: readonly string[];
  /** Tests that were skipped by the file itself: `<file>: <name>`. */
  readonly skippedTests: readonly string[];
}

interface JsonTest {
  readonly status: string;
  readonly fullName: string;
}

interface JsonFile {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly JsonTest[];
}

function readFiles(path: string): readonly JsonFile[] {
  const parsed: { testResults: readonly JsonFile[] } = JSON.parse(readFileSync(path, 'utf8'));
  return parsed.testResults;
}

/** A file that failed without a failed test (it did not load, or a hook threw) counts as one failure. */
export function readReport(path: string, root: string): TestReport {
  let passed = 0;
  let failed = 0;
  const skippedTests: string[] = [];
  const files: string[] = [];
  for (const file of readFiles(path)) {
    const name = relative(root, file.name).replaceAll('\\', '/');
    files.push(name);
    const failures = file.assertionResults.filter((test) => test.status === 'failed').length;
    passed += file.assertionResults.filter((test) => test.status === 'passed').length;
    failed += failures === 0 && file.status === 'failed' ? 1 : failures;
    for (const test of file.assertionResults) {
      if (test.status !== 'passed' && test.status !== 'failed') skippedTests.push(`${name}: ${test.fullName}`);
    }
  }
  return { passed, failed, skipped: skippedTests.length, files, skippedTests };
}

/** The last line of a run: the counts alone on a line. */
export function closingLine(counts: { passed: number; failed: number; skipped: number }): string {
  const line = `${counts.passed} passed, ${counts.failed} failed`;
  return counts.skipped === 0 ? line : `${line}, ${counts.skipped} skipped`;
}
