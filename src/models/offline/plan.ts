import type { ModelRequest } from '../../../actors/ports/models.ts';
import type { Brief } from './brief.ts';
import { joinedPatterns } from './checks.ts';
import type { Evidence } from './evidence.ts';
import { findingsOf } from './findings.ts';
import { ranked } from './ranking.ts';
import { queriesOf } from './terms.ts';
import { argumentsFor, takes, toolNamed, type Wanted } from './tool-arguments.ts';

export interface PlannedCall {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

type Tool = ModelRequest['tools'][number];

/** Calls of one round. */
const callsMax = 16;
/** Rounds that only search; a task with more files searches their folders. */
const searchRoundsMax = 3;
/** Asked of one search; the tool's own bound on its answer may be lower. */
const matchesMax = 500;
/** Characters of one pattern that joins checks; a search takes 1,000. */
const patternCharsMax = 900;
/** Lines read before and after a hit. */
const contextLines = 3;
/** Windows nearer than this are read as one. */
const joinLines = 12;
/** Whole files that are read where a search found nothing. */
const wholeFilesMax = 8;
const wholeFileLines = 200;

/** Tools take a pattern as plain text or as a regular expression: only what means the same in both is asked for. */
function safeQuery(term: string): string {
  const runs = term.match(/[\w -]+/g) ?? [];
  const longest = runs.map((run) => run.trim()).toSorted((a, b) => b.length - a.length)[0] ?? '';
  return longest.length > 4 ? longest.replace(/y$/, '') : longest;
}

/** Where to search: each file of a task, the folders of a large one, else all of the workspace. */
function scopesOf(focus: readonly string[], scopesMax: number): readonly (string | undefined)[] {
  if (focus.length === 0) return [undefined];
  if (focus.length <= scopesMax) return focus;
  const folders = [...new Set(focus.map((path) => path.split('/').slice(0, -1).join('/')))];
  if (folders.length <= scopesMax && folders.every((folder) => folder !== '')) return folders;
  const tops = [...new Set(focus.map((path) => (path.includes('/') ? (path.split('/', 1)[0] ?? '') : '')))];
  return tops.length <= scopesMax && tops.every((top) => top !== '') ? tops : [undefined];
}

const isMarker = (query: string): boolean => /^[A-Z][A-Z0-9_]+$/.test(query);

interface Pattern {
  readonly pattern: string;
  readonly regex?: true;
  readonly ignoreCase?: true;
}

/** What to search for; as few patterns as can be where each of many files is searched by itself. */
function patternsOf(queries: readonly string[], { terms, focus }: Brief, tool: Tool): readonly Pattern[] {
  const regex = takes(tool, 'regex');
  const each = focus.length > 0;
  if (regex && terms.checks.length > 0) {
    // Queries hold no sign that means anything else in a regular expression.
    const texts = queries.map((query) => ({ line: new RegExp(query) }));
    return joinedPatterns([...texts, ...terms.checks], patternCharsMax).map((pattern) => ({ pattern, regex: true, ignoreCase: true }));
  }
  // A marker is written in capitals; without this, every "todoList" would use up the room of an answer.
  const ignoreCase = queries.every(isMarker) ? {} : { ignoreCase: true as const };
  if (regex && each && queries.length > 1) return [{ pattern: queries.join('|'), regex: true, ...ignoreCase }];
  return queries.map((pattern) => ({ pattern, ...ignoreCase }));
}

/** Every search of the task. One for each query, so that they run beside each other; one for each file where a task names its files. */
export function searches(brief: Brief, tool: Tool): PlannedCall[] {
  const queries = [...new Set(queriesOf(brief.terms).map(safeQuery))].filter((query) => query.length > 1);
  const patterns = patternsOf(queries, brief, tool);
  if (patterns.length === 0) return [];
  const scopesMax = Math.floor((callsMax * searchRoundsMax) / patterns.length);
  const scopes = takes(tool, 'path') ? scopesOf(brief.focus, scopesMax) : [undefined];
  return scopes.flatMap((path) =>
    patterns.map((pattern) => ({
      name: tool.name,
      input: argumentsFor(tool, { ...pattern, ...(path === undefined ? {} : { path }), matches: matchesMax }),
    })),
  );
}

/** The lines around the best hits, one window for hits that are near each other. */
function contexts(brief: Brief, evidence: Evidence, tool: Tool): PlannedCall[] {
  const best = ranked(findingsOf(evidence), brief.terms).slice(0, callsMax);
  const windows: { path: string; from: number; to: number }[] = [];
  for (const { path, line } of best.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line))) {
    const last = windows.at(-1);
    if (last !== undefined && last.path === path && line - last.to <= joinLines) last.to = line + contextLines;
    else windows.push({ path, from: Math.max(1, line - contextLines), to: line + contextLines });
  }
  const calls = windows.map(({ path, from, to }) => readCall(tool, takes(tool, 'from') ? { path, from, lines: to - from + 1 } : { path }));
  // Without windows a file with several hits would be read several times.
  const seen = new Set<string>();
  return calls.filter((call) => {
    const key = JSON.stringify(call.input);
    return seen.has(key) ? false : seen.add(key);
  });
}

function readCall(tool: Tool, wanted: Wanted): PlannedCall {
  return { name: tool.name, input: argumentsFor(tool, wanted) };
}

const textFile =
  /(?:^|\/)(?:[\w.-]+\.(?:md|markdown|txt|rst|adoc|toml|ya?ml|json|ts|tsx|js|mjs|cjs|jsx|py|go|rs|java|kt|rb|php|c|h|cc|cpp|cs|swift|sh|sql|html|css|csv|ini|cfg)|readme|license|makefile|dockerfile)$/i;

/** What a reader would open first: the readme, prose, project files, then the rest. */
function openingOrder(path: string): number {
  if (/(?:^|\/)readme[^/]*$/i.test(path)) return 0;
  if (/\.(?:md|markdown|rst|adoc|txt)$/i.test(path)) return 1;
  if (/(?:^|\/)(?:package\.json|pyproject\.toml|cargo\.toml|go\.mod)$/i.test(path)) return 2;
  return 3;
}

export function wholeFiles(paths: readonly string[], tool: Tool): PlannedCall[] {
  const files = paths.filter((path) => !path.endsWith('/') && textFile.test(path));
  const chosen = files
    .toSorted((a, b) => openingOrder(a) - openingOrder(b) || a.split('/').length - b.split('/').length || (a < b ? -1 : 1))
    .slice(0, wholeFilesMax);
  return chosen.map((path) => readCall(tool, { path, from: 1, lines: wholeFileLines }));
}

/** The tool calls of the next round, none when it is time to answer. At most six rounds come about. */
export function nextCalls(brief: Brief, evidence: Evidence, request: Pick<ModelRequest, 'tools'>): readonly PlannedCall[] {
  const search = toolNamed(request, 'fs.search');
  const read = toolNamed(request, 'fs.read');
  const list = toolNamed(request, 'fs.list');
  if (search !== undefined && evidence.reads === 0 && evidence.lists === 0 && evidence.searches < searchRoundsMax) {
    const calls = searches(brief, search).slice(evidence.searches * callsMax, (evidence.searches + 1) * callsMax);
    if (calls.length > 0) return calls;
  }
  if (read === undefined) return [];
  // Listed and read at once: what the second list showed may still be read.
  const looking = evidence.lists === 2 && evidence.reads === 1 && evidence.hits.length === 0;
  if (evidence.reads > 0 && !looking) return [];
  if (evidence.hits.length > 0) return contexts(brief, evidence, read);
  // What was asked for by name is not there, or not in these files: how they begin is no answer.
  if (evidence.searches > 0 && (brief.terms.exact.length + brief.terms.checks.length > 0 || brief.role === 'map')) return [];
  if (brief.focus.length > 0) return wholeFiles(brief.focus, read);
  if (list === undefined) return [];
  if (evidence.lists === 0) return [{ name: list.name, input: argumentsFor(list, {}) }];
  const unread = evidence.listed.filter((path) => !evidence.files.has(path));
  const files = wholeFiles(unread, read).slice(0, wholeFilesMax - evidence.files.size);
  if (evidence.lists > 1) return files;
  const shown = (folder: string): boolean => evidence.listed.some((path) => path !== folder && path.startsWith(folder));
  const folders = evidence.listed.filter((path) => path.endsWith('/') && !path.startsWith('.') && !shown(path)).slice(0, wholeFilesMax);
  return [...files, ...folders.map((path) => ({ name: list.name, input: argumentsFor(list, { path: path.replace(/\/$/, '') }) }))];
}
