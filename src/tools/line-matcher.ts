import { createContext, Script } from 'node:vm';
import { FlockworkError } from '../../protocols/errors/error.ts';

/** Finds the lines that match. */
export interface LineMatcher {
  /** False = certainly nothing in this text; saves splitting it. */
  mayMatch(text: string): boolean;
  /** For each list of lines, the indexes of those that match. Throws `tool_input_invalid` when a regular expression takes too long. */
  scan(lists: readonly (readonly string[])[]): readonly (readonly number[])[];
}

export function createLineMatcher({ query, regex, ignoreCase, regexMs }: { query: string; regex: boolean; ignoreCase: boolean; regexMs: number }): LineMatcher {
  return regex ? regexMatcher(query, ignoreCase, regexMs) : textMatcher(query, ignoreCase);
}

function textMatcher(query: string, ignoreCase: boolean): LineMatcher {
  const wanted = ignoreCase ? query.toLowerCase() : query;
  const has = (text: string): boolean => (ignoreCase ? text.toLowerCase() : text).includes(wanted);
  return { mayMatch: has, scan: (lists) => lists.map((lines) => indexesOf(lines, has)) };
}

/** A regular expression can take for ever on one short line, and nothing on this thread could stop it; a script with a time bound can be stopped. */
function regexMatcher(query: string, ignoreCase: boolean, regexMs: number): LineMatcher {
  const pattern = compile(query, ignoreCase);
  let lists: readonly (readonly string[])[] = [];
  let found: number[][] = [];
  const context = createContext({
    scan: () => {
      found = lists.map((lines) => indexesOf(lines, (line) => pattern.test(line)));
    },
  });
  const script = new Script('scan()');
  return {
    mayMatch: () => true,
    scan(next) {
      lists = next;
      try {
        script.runInContext(context, { timeout: regexMs });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
        throw new FlockworkError(
          'tool_input_invalid',
          `The regular expression ${query} takes too long on these files; avoid nested repetition, or search for plain text`,
          {
            cause,
            details: { query, regexMs },
          },
        );
      } finally {
        lists = [];
      }
      return found;
    },
  };
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
