import type { ModelRequest } from '../../../../actors/ports/models.ts';
import type { Brief } from '../brief.ts';
import { findingsIn } from '../citations.ts';
import type { Evidence } from '../evidence.ts';
import { type PlannedCall, searches } from '../plan.ts';
import { holdsExact } from '../terms.ts';
import { argumentsFor, toolNamed } from '../tool-arguments.ts';
import { changeOf, renameOf } from './change.ts';
import { type Edit, unifiedDiff } from './edits.ts';
import { KnownFiles } from './known-files.ts';
import { escaped, type SourceFile } from './source-file.ts';
import { type LeftAlone, todoAt } from './todo.ts';

/** What a task wants of the TODOs that are named: to say which can be settled, or to settle them. */
export type Settling = 'plan' | 'patch';

interface Place {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** A TODO that will be, or was, settled; or why not. */
export type Verdict = Place & ({ readonly what: string; readonly edits: readonly Edit[] } | LeftAlone);

export interface Settlement {
  readonly verdicts: readonly Verdict[];
  /** What an earlier stage said of TODOs that it left alone. */
  readonly leftBefore: readonly string[];
  /** The answer of fs.patch, once there is one. */
  readonly patched: { readonly ok: boolean; readonly text: string } | undefined;
}

const callsMax = 16;
/** Rounds that look; what is not known by then is left alone. */
const lookingRoundsMax = 7;
const nameMatchesMax = 500;
const markers = ['TODO', 'FIXME'];
const roles: ReadonlySet<string> = new Set(['single', 'map', 'stage', 'step']);
const planning = /^\W*(?:plan|choose|decide|say which)\b/i;
export const settling = /(?:^|[.;:\n]\s*|\bthen\s+)(?:settle|resolve|carry out|patch|apply)\b/i;
export const leftAloneHeading = 'Left alone';
const leftAlone = new RegExp(`^#+ ${leftAloneHeading}\\b.*$`, 'im');

/** Whether the task is to settle TODOs. Only then does this model change a file. */
export function settlingOf(brief: Brief): Settling | undefined {
  if (!roles.has(brief.role) || !markers.some((marker) => brief.terms.exact.includes(marker))) return undefined;
  if (planning.test(brief.asked) && settling.test(brief.goal.replace(brief.asked, ''))) return 'plan';
  return settling.test(brief.asked) ? 'patch' : undefined;
}

/** The tool calls of the next round: find, read, look where names are used, patch. None when it is time to answer. */
export function settlingCalls(mode: Settling, brief: Brief, evidence: Evidence, request: Pick<ModelRequest, 'tools'>): readonly PlannedCall[] {
  const [search, read, patch] = ['fs.search', 'fs.read', 'fs.patch'].map((name) => toolNamed(request, name));
  if (search === undefined || read === undefined || patchAnswer(brief) !== undefined) return [];
  const looks = brief.rounds.length < lookingRoundsMax;
  if (looks && brief.rounds.length === 0 && placesIn(brief) === undefined) return searches(brief, search).slice(0, callsMax);
  const known = new KnownFiles(brief);
  const places = placesIn(brief) ?? placesFound(evidence);
  const reads = (paths: readonly string[]): PlannedCall[] =>
    [...new Set(paths)].flatMap((path) => {
      const from = known.nextLine(path);
      return from === undefined ? [] : [{ name: read.name, input: argumentsFor(read, from === 1 ? { path } : { path, from }) }];
    });
  const first = reads(places.map(({ path }) => path));
  if (looks && first.length > 0) return first.slice(0, callsMax);
  const names = namesOf(places, known);
  const unsearched = names.filter((name) => known.search(patternOf(name)) === undefined);
  if (looks && unsearched.length > 0) {
    return unsearched
      .slice(0, callsMax)
      .map((name) => ({ name: search.name, input: argumentsFor(search, { pattern: patternOf(name), regex: true, matches: nameMatchesMax }) }));
  }
  const second = reads(names.flatMap((name) => known.search(patternOf(name))?.paths ?? []));
  if (looks && second.length > 0) return second.slice(0, callsMax);
  const edits = settlementOf(brief, evidence).verdicts.flatMap((verdict) => ('edits' in verdict ? verdict.edits : []));
  if (mode === 'plan' || patch === undefined || edits.length === 0) return [];
  return [{ name: patch.name, input: { patch: unifiedDiff(edits, (path) => known.file(path)?.lines ?? []) } }];
}

/** What can be settled, by all that is known so far. */
export function settlementOf(brief: Brief, evidence: Evidence): Settlement {
  const known = new KnownFiles(brief);
  const taken = new Set<string>();
  const verdicts = (placesIn(brief) ?? placesFound(evidence)).map((place): Verdict => {
    const file = known.file(place.path);
    if (file === undefined) return { ...place, why: 'the file could not be read to its end' };
    const text = file.line(place.line) ?? place.text;
    const verdict = verdictOf(brief, known, file, place.line);
    if ('why' in verdict) return { ...place, text, why: verdict.why };
    const keys = verdict.edits.map(({ path, line }) => `${path}:${line}`);
    const twice = keys.find((key) => taken.has(key));
    if (twice !== undefined) return { ...place, text, why: `another TODO changes ${twice} already` };
    for (const key of keys) taken.add(key);
    return { ...place, text, ...verdict };
  });
  return { verdicts, leftBefore: leftBefore(brief), patched: patchAnswer(brief) };
}

function verdictOf(brief: Brief, known: KnownFiles, file: SourceFile, line: number): ReturnType<typeof changeOf> {
  const todo = todoAt(file, line);
  if ('why' in todo) return todo;
  const name = renameOf(todo, file)?.from;
  if (name !== undefined) {
    const why = unknownUse(brief, known, name);
    if (why !== undefined) return { why };
  }
  return changeOf(todo, file, (wanted) => (known.search(patternOf(wanted))?.paths ?? []).flatMap((path) => known.file(path) ?? []));
}

/** Why it is not known everywhere that a name is used. */
function unknownUse(brief: Brief, known: KnownFiles, name: string): string | undefined {
  const search = known.search(patternOf(name));
  if (search === undefined) return `it was not looked up where ${name} is used`;
  if (search.cut) return `${name} is used in more places than one search shows`;
  const unread = search.paths.find((path) => known.file(path) === undefined);
  if (unread !== undefined) return `${name} is used in ${unread}, which could not be read to its end`;
  // Two parts that change the same file would stand against each other.
  const foreign = brief.focus.length === 0 ? undefined : search.paths.find((path) => !brief.focus.includes(path));
  return foreign === undefined ? undefined : `${name} is used in ${foreign} too, which belongs to another part of the goal`;
}

function namesOf(places: readonly Place[], known: KnownFiles): string[] {
  const names = places.flatMap(({ path, line }) => {
    const file = known.file(path);
    const todo = file === undefined ? undefined : todoAt(file, line);
    return file === undefined || todo === undefined || 'why' in todo ? [] : (renameOf(todo, file)?.from ?? []);
  });
  return [...new Set(names)];
}

function patternOf(name: string): string {
  return /^\w+$/.test(name) ? `\\b${name}\\b` : `(?<![\\w$])${escaped(name)}(?![\\w$])`;
}

/** The places that an earlier stage names, but for those it left alone; undefined when there was no earlier stage. */
function placesIn(brief: Brief): readonly Place[] | undefined {
  if (brief.material.length === 0) return undefined;
  const found = brief.material.flatMap(({ text }) => findingsIn(text.split(leftAlone, 1)[0] ?? text));
  return unique(brief.focus.length === 0 ? found : found.filter(({ path }) => brief.focus.includes(path)));
}

function placesFound(evidence: Evidence): readonly Place[] {
  return unique(evidence.hits.filter(({ text }) => markers.some((marker) => holdsExact(text, marker))));
}

function unique(places: readonly Place[]): Place[] {
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const byKey = new Map(places.map(({ path, line, text }) => [`${path}:${line}`, { path, line, text }]));
  return [...byKey.values()].toSorted((a, b) => order(a.path, b.path) || a.line - b.line);
}

function leftBefore(brief: Brief): readonly string[] {
  return brief.material.flatMap(({ text }) => sectionOf(text, leftAloneHeading));
}

/** The entries of a section of a report, with the lines that belong to them. */
export function sectionOf(text: string, heading: string): readonly string[] {
  const at = new RegExp(`^#+ ${heading}\\b.*$`, 'im').exec(text);
  if (at === null) return [];
  const lines = text.slice(at.index + at[0].length).split('\n');
  const end = lines.findIndex((line) => line.trim() !== '' && !/^(?:\s*[-*] |\d+\. |\s+\S)/.test(line));
  return lines.slice(0, end < 0 ? lines.length : end).filter((line) => line.trim() !== '');
}

function patchAnswer(brief: Brief): { readonly ok: boolean; readonly text: string } | undefined {
  return brief.rounds.flat().find(({ call }) => call.name === 'fs.patch');
}
