import type { ModelRequest } from '../../../actors/ports/models.ts';

type Tool = ModelRequest['tools'][number];

/** The names under which tools take the same thing. The schema of the tool at hand decides. */
const synonyms = {
  pattern: ['query', 'pattern', 'text'],
  path: ['path', 'folder', 'directory', 'dir', 'root'],
  from: ['from', 'offset', 'startLine', 'start', 'line'],
  lines: ['lines', 'limit', 'lineCount', 'count'],
  to: ['to', 'endLine', 'end'],
  matches: ['limit', 'matches', 'maxResults'],
  regex: ['regex', 'regexp', 'isRegex'],
  ignoreCase: ['ignoreCase', 'caseInsensitive'],
} as const;
type Meaning = keyof typeof synonyms;

function propertiesOf(tool: Tool): Readonly<Record<string, unknown>> {
  const { properties } = tool.parameters;
  return typeof properties === 'object' && properties !== null ? (properties as Record<string, unknown>) : {};
}

function nameFor(tool: Tool, meaning: Meaning): string | undefined {
  const properties = propertiesOf(tool);
  return synonyms[meaning].find((name) => Object.hasOwn(properties, name));
}

export function toolNamed(request: Pick<ModelRequest, 'tools'>, name: string): Tool | undefined {
  return request.tools.find((tool) => tool.name === name);
}

export function takes(tool: Tool, meaning: Meaning): boolean {
  return nameFor(tool, meaning) !== undefined;
}

export interface Wanted {
  readonly pattern?: string;
  /** The pattern is a regular expression; only for tools that take one. */
  readonly regex?: boolean;
  readonly ignoreCase?: boolean;
  /** How many matches are wanted. */
  readonly matches?: number;
  readonly path?: string;
  /** The first line, counted from 1. */
  readonly from?: number;
  readonly lines?: number;
}

function isRequired(tool: Tool, name: string | undefined): boolean {
  const { required } = tool.parameters;
  return name !== undefined && Array.isArray(required) && required.includes(name);
}

/** The arguments of a call in the words of the tool's schema; what the tool has no argument for is left out. */
export function argumentsFor(tool: Tool, wanted: Wanted): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const set = (name: string | undefined, value: unknown): void => {
    if (name !== undefined && value !== undefined) input[name] = value;
  };
  const path = nameFor(tool, 'path');
  set(nameFor(tool, 'pattern'), wanted.pattern);
  set(path, wanted.path ?? (isRequired(tool, path) ? '.' : undefined));
  set(nameFor(tool, 'from'), wanted.from);
  const lines = nameFor(tool, 'lines');
  if (wanted.from !== undefined && wanted.lines !== undefined) {
    if (lines !== undefined) set(lines, wanted.lines);
    else set(nameFor(tool, 'to'), wanted.from + wanted.lines - 1);
  }
  set(nameFor(tool, 'regex'), wanted.regex);
  set(nameFor(tool, 'ignoreCase'), wanted.ignoreCase);
  set(nameFor(tool, 'matches'), wanted.matches);
  return input;
}

/** Reads an argument back from a call of an earlier round. */
export function argumentOf(input: unknown, meaning: Meaning): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  for (const name of synonyms[meaning]) {
    const value: unknown = Reflect.get(input, name);
    if (typeof value === 'string') return value;
  }
  return undefined;
}
