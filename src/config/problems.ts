import type { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ConfigSection } from './keys.ts';
import { nearest } from './nearest.ts';

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** `section.key`, or the name of a variable or file. */
  readonly path: string;
  /** Where it was set. */
  readonly origin: string;
  readonly message: string;
}

/** What a key of that name in that place was most likely meant to be, as a full path. */
function meantKey(sections: readonly ConfigSection[], path: readonly PropertyKey[], key: string): string | undefined {
  const [first] = path;
  if (first === undefined) {
    const section = nearest(
      key,
      sections.map(({ name }) => name),
    );
    if (section?.toLowerCase() === key.toLowerCase()) return section;
    const inside = sections.find(({ free, keys }) => !free && keys.some((known) => known.key === key));
    return inside === undefined ? section : `${inside.name}.${key}`;
  }
  const section = sections.find(({ name }) => name === first);
  if (section === undefined || (!section.free && path.length > 1)) return undefined;
  const known = nearest(
    key,
    section.keys.map((candidate) => candidate.key),
  );
  return known === undefined ? undefined : [...path, known].join('.');
}

/** What zod found, in our words: unknown keys with the nearest known one, the rest with its path. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  sections: readonly ConfigSection[],
  originOf: (path: string) => string,
): readonly ConfigProblem[] {
  return issues.flatMap((issue): readonly ConfigProblem[] => {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const full = path === '' ? key : `${path}.${key}`;
        const meant = meantKey(sections, issue.path, key);
        return { path: full, origin: originOf(full), message: `unknown key${meant === undefined ? '' : `, did you mean ${meant}?`}` };
      });
    }
    return [{ path, origin: originOf(path), message: inOurWords(issue) }];
  });
}

function inOurWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${article(issue.expected)}`;
  const isNumber = (issue.code === 'too_big' || issue.code === 'too_small') && (issue.origin === 'number' || issue.origin === 'int');
  if (isNumber && issue.code === 'too_big') return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
  if (isNumber && issue.code === 'too_small') return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
  if (issue.code === 'invalid_value') return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

function article(expected: string): string {
  const names: Readonly<Record<string, string>> = { int: 'a whole number', object: 'a section', record: 'a section', array: 'a list', string: 'text' };
  return names[expected] ?? `a ${expected}`;
}

/** All problems as one error, `config_invalid`; none is left for the next try. */
export function configError(problems: readonly ConfigProblem[]): FlockworkError {
  const lines = problems.map(({ path, origin, message }) => {
    const place = origin.replace(/^(file|env|flag) /, '');
    return place === path || place === 'default' ? `${path}: ${message}` : `${place}: ${path}: ${message}`;
  });
  const [only] = lines;
  const message =
    lines.length === 1 && only !== undefined ? only : `the configuration has ${lines.length} problems:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new FlockworkError('config_invalid', message, { details: { problems } });
}
