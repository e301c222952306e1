import type { Brief } from '../brief.ts';
import { citation } from '../citations.ts';
import type { Evidence } from '../evidence.ts';
import { signature, titleOf } from '../report.ts';
import { leftAloneHeading, type Settling, sectionOf, settlementOf, settling, type Verdict } from './settle.ts';

const doneHeading = 'Done';
const toDoHeading = 'To do';

/** The answer of a task that planned or made changes. Lines are those before the change. */
export function settleReport(mode: Settling, brief: Brief, evidence: Evidence): string {
  const { verdicts, leftBefore, patched } = settlementOf(brief, evidence);
  const able = verdicts.filter((verdict) => 'what' in verdict);
  const unable = verdicts.filter((verdict) => 'why' in verdict);
  const left = unable.length + leftBefore.filter(isEntry).length;
  const done = mode === 'patch' && patched?.ok === true;
  const heading = done ? doneHeading : toDoHeading;
  return [
    `# ${titleOf(brief.purpose)}`,
    '',
    ...opening(mode, able.length, able.length + left, patched),
    ...(able.length === 0
      ? []
      : ['', `### ${heading} (${able.length})`, '', ...able.flatMap((verdict, at) => [`${at + 1}. ${citation(verdict)}`, `   ${changed(verdict)}`])]),
    ...(left === 0
      ? []
      : ['', `### ${leftAloneHeading} (${left})`, '', ...unable.flatMap((verdict) => [`- ${citation(verdict)}`, `  Why: ${reason(verdict)}.`]), ...leftBefore]),
    ...(evidence.notes.length === 0 ? [] : ['', ...evidence.notes.map((note) => `Note: ${note}`)]),
    '',
    signature,
  ].join('\n');
}

function opening(mode: Settling, able: number, all: number, patched: { readonly ok: boolean; readonly text: string } | undefined): string[] {
  const of = `${able} of ${all} TODO${all === 1 ? '' : 's'}`;
  if (all === 0) return ['There is no TODO to settle.'];
  if (mode === 'plan') return [`${of} say${able === 1 ? 's' : ''} exactly what to do; the others need judgement.`];
  if (able === 0) return ['No TODO says exactly what to do: nothing was changed.'];
  if (patched === undefined) return [`${of} could be settled, but there is no tool fs.patch here: nothing was changed.`];
  if (!patched.ok) return [`${of} could be settled, but nothing was changed: ${patched.text.split('\n', 1)[0] ?? ''}`];
  return [`Settled ${of}; line numbers are those before the change.`];
}

function changed(verdict: Verdict): string {
  return 'what' in verdict ? `Change: ${verdict.what}.` : '';
}

function reason(verdict: Verdict): string {
  return 'why' in verdict ? verdict.why : '';
}

/** The reports of several agents that settled TODOs, as one; undefined when the goal was another one. */
export function mergedSettlement(brief: Brief): string | undefined {
  if (brief.role !== 'reduce' || !settling.test(brief.asked)) return undefined;
  const entries = (heading: string): readonly string[] => brief.material.flatMap(({ text }) => sectionOf(text, heading));
  const sections = [doneHeading, toDoHeading, leftAloneHeading].map((heading) => ({ heading, lines: entries(heading) }));
  if (sections.every(({ lines }) => lines.length === 0)) return undefined;
  const count = (lines: readonly string[]): number => lines.filter(isEntry).length;
  const [done = 0, ...others] = sections.map(({ lines }) => count(lines));
  const all = others.reduce((sum, one) => sum + one, done);
  const notes = new Set(brief.material.flatMap(({ text }) => [...text.matchAll(/^Note: .+$/gm)].map(([note]) => note)));
  return [
    `# ${titleOf(brief.purpose)}`,
    '',
    `Merged from ${brief.material.length} partial reports: settled ${done} of ${all} TODO${all === 1 ? '' : 's'}; line numbers are those before the change.`,
    ...sections.flatMap(({ heading, lines }) => (lines.length === 0 ? [] : ['', `### ${heading} (${count(lines)})`, '', ...renumbered(lines)])),
    ...(notes.size === 0 ? [] : ['', ...notes]),
    '',
    signature,
  ].join('\n');
}

function isEntry(line: string): boolean {
  return /^(?:[-*]|\d+\.) /.test(line);
}

function renumbered(lines: readonly string[]): string[] {
  let number = 0;
  return lines.map((line) => line.replace(/^\d+\. /, () => `${++number}. `));
}
