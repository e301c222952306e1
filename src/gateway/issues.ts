import type { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { strategyNames } from '../../protocols/goals/goal.ts';

/** One thing that does not fit a schema, by the path of the value. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** The most issues that one answer lists. */
export const issuesMax = 50;

type ZodIssue = z.core.$ZodIssue;

/** Each path that a schema found wrong; unknown keys are paths of their own, a union shows its branch that fits best. */
export function issuesOf(issues: readonly ZodIssue[], prefix: readonly PropertyKey[] = []): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: pathText([...path, key]), message: 'unknown field' }));
    if (issue.code === 'invalid_union') {
      const branch = closestBranch(issue.errors);
      if (branch !== undefined) return issuesOf(branch, path);
    }
    return [{ path: pathText(path), message: issue.message }];
  });
}

/** The branch that looked deepest into the value; undefined when none got past the value itself. */
function closestBranch(branches: readonly (readonly ZodIssue[])[]): readonly ZodIssue[] | undefined {
  let closest: readonly ZodIssue[] | undefined;
  let closestDepth = 0;
  for (const branch of branches) {
    const depth = Math.max(0, ...branch.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)));
    if (depth > closestDepth) [closest, closestDepth] = [branch, depth];
  }
  return closest;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

/** `invalid_request` that lists every path; `strategy_unknown` when the strategy's name is the trouble. */
export function requestInvalid(subject: string, zodIssues: readonly ZodIssue[], value?: unknown): FlockworkError {
  const issues = issuesOf(zodIssues);
  const details = { issues: issues.slice(0, issuesMax), issuesTotal: issues.length };
  const list = issues
    .slice(0, issuesMax)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
  const strategy = unknownStrategy(value);
  if (strategy !== undefined && issues.some(({ path }) => path === 'strategy' || path.startsWith('strategy.'))) {
    return new FlockworkError(
      'strategy_unknown',
      `${subject}: there is no strategy '${strategy.slice(0, 64)}'; use one of ${strategyNames.join(', ')} (${list})`,
      {
        details: { ...details, strategies: strategyNames },
      },
    );
  }
  return new FlockworkError('invalid_request', `${subject}: ${list}`, { details });
}

function unknownStrategy(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('strategy' in value)) return undefined;
  const { strategy } = value;
  const name = typeof strategy === 'object' && strategy !== null && 'type' in strategy ? strategy.type : strategy;
  return typeof name === 'string' && !strategyNames.some((known) => known === name) ? name : undefined;
}
