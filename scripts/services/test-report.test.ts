import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { closingLine, readReport } from './test-report.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function report(testResults: readonly object[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-report-'));
  folders.push(folder);
  const path = join(folder, 'report.json');
  writeFileSync(path, JSON.stringify({ testResults }));
  return path;
}

const outcome = (status: string, fullName = status) => ({ status, fullName });

describe('a report', () => {
  test('is counted over its files', () => {
    const path = report([
      { name: '/root/a.test.ts', status: 'passed', assertionResults: [outcome('passed'), outcome('passed'), outcome('skipped', 'one day')] },
      { name: '/root/b/c.test.ts', status: 'failed', assertionResults: [outcome('failed'), outcome('passed'), outcome('todo')] },
    ]);
    expect(readReport(path, '/root')).toEqual({
      passed: 3,
      failed: 1,
      skipped: 2,
      files: ['a.test.ts', 'b/c.test.ts'],
      skippedTests: ['a.test.ts: one day', 'b/c.test.ts: todo'],
    });
  });

  test('counts a file that did not load as a failure', () => {
    expect(readReport(report([{ name: '/root/a.test.ts', status: 'failed', assertionResults: [] }]), '/root')).toMatchObject({ passed: 0, failed: 1 });
  });
});

test.each([
  [{ passed: 12, failed: 0, skipped: 0 }, '12 passed, 0 failed'],
  [{ passed: 0, failed: 1, skipped: 3 }, '0 passed, 1 failed, 3 skipped'],
])('%j closes as %s', (counts, line) => expect(closingLine(counts)).toBe(line));
