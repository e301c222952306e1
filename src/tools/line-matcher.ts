import { type Context, createContext, Script } from 'node:vm';
import { FlockworkError } from '../../protocols/errors/error.ts';

/** Finds the lines that match. */
export interface LineMatcher {
  /** False = certainly nothing in this text; saves splitting it. */
  mayMatch(text: string): boolean;
  /** For each list of lines, the indexes of those that match. Throws `tool_input_invalid` when a regular expression takes too long. */
  scan(lists: readonly (readonly string[])[]): readonly (readonly number[])[];
}

/** Times that a scan is taken up again at the same line after its time was over without having been used. */
const standstillsMax = 30;

export interface LineMatcherOptions {
  readonly query: string;
  readonly regex: boolean;
  readonly ignoreCase: boolean;
  /** Processor time that a regular expression may take for one scan, in milliseconds. */
  readonly regexMs: number;
  /** Milliseconds of processor time used so far; default: those of this thread. */
  readonly cpuMs?: () => number;
}

export function createLineMatcher(options: LineMatcherOptions): LineMatcher {
  return options.regex ? regexMatcher(options) : textMatcher(options.query, options.ignoreCase);
}

function textMatcher(query: string, ignoreCase: boolean): LineMatcher {
  const wanted = ignoreCase ? query.toLowerCase() : query;
  const has = (text: string): boolean => (ignoreCase ? text.toLowerCase() : text).includes(wanted);
  return { mayMatch: has, scan: (lists) => lists.map((lines) => indexesOf(lines, has)) };
}

/** Of this thread where Node can tell (from 23.9 on), else of the process. */
function usedCpuMs(): number {
  const { user, system } = typeof process.threadCpuUsage === 'function' ? process.threadCpuUsage() : process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * A regular expression can take for ever on one short line, and nothing on this thread could stop it; a script with a time bound can be stopped.
 * That bound is wall time. What was found must not depend on how busy the machine is: a scan that was stopped without having used its processor time
 * goes on where it stood.
 */
function regexMatcher({ query, ignoreCase, regexMs, cpuMs = usedCpuMs }: LineMatcherOptions): LineMatcher {
  const pattern = compile(query, ignoreCase);
  let lists: readonly (readonly string[])[] = [];
  let found: number[][] = [];
  let at = { list: 0, line: 0 };
  const context = createContext({
    scan: () => {
      for (; at.list < lists.length; at = { list: at.list + 1, line: 0 }) {
        const lines = lists[at.list] ?? [];
        const matching = found[at.list] ?? [];
        found[at.list] = matching;
        for (; at.line < lines.length; at.line++) if (pattern.test(lines[at.line] ?? '') && matching.at(-1) !== at.line) matching.push(at.line);
      }
    },
  });
  const script = new Script('scan()');
  return {
    mayMatch: () => true,
    scan(next) {
      lists = next;
      found = [];
      at = { list: 0, line: 0 };
      try {
        const begun = cpuMs();
        let [stood, standstills] = [at, 0];
        let line = at.line;
        for (;;) {
          const left = regexMs - (cpuMs() - begun);
          if (left <= 0 || standstills > standstillsMax) throw tooSlow(query, regexMs);
          if (ends(script, context, left)) break;
          standstills = stood === at && line === at.line ? standstills + 1 : 0;
          [stood, line] = [at, at.line];
        }
      } finally {
        lists = [];
      }
      return found;
    },
  };
}

/** False when the time was over before the script was. */
function ends(script: Script, context: Context, timeoutMs: number): boolean {
  try {
    script.runInContext(context, { timeout: Math.max(1, Math.ceil(timeoutMs)) });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw cause;
  }
}

function tooSlow(query: string, regexMs: number): FlockworkError {
  return new FlockworkError(
    'tool_input_invalid',
    `The regular expression ${query} takes too long on these files; avoid nested repetition, or search for plain text`,
    { details: { query, regexMs } },
  );
}

function compile(query: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(query, ignoreCase ? 'i' : '');
  } catch (cause) {
    throw new FlockworkError('tool_input_invalid', `${query} is not a regular expression: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      details: { query },
    });
  }
}

function indexesOf(lines: readonly string[], matches: (line: string) => boolean): number[] {
  const indexes: number[] = [];
  for (const [index, line] of lines.entries()) if (matches(line)) indexes.push(index);
  return indexes;
}
