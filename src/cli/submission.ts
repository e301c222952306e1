import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type GoalSubmission, goalSubmission, quota, strategyNames } from '../../protocols/goals/goal.ts';
import { nearest } from '../config/index.ts';

/** The options of `run` and `submit` that make up a goal. */
export interface GoalOptions {
  readonly strategy?: string;
  readonly agents?: string;
  readonly input?: readonly string[];
  readonly profile?: string;
  readonly model?: string;
  readonly quota?: readonly string[];
  readonly file?: string;
  readonly idempotencyKey?: string;
}

/** Where a field of a goal comes from on the command line, for messages. */
const flagOf: Readonly<Record<string, string>> = {
  goal: 'the goal',
  agents: '--agents',
  profile: '--profile',
  model: '--model',
  quota: '--quota',
  strategy: '--strategy',
  idempotencyKey: '--idempotency-key',
};

function usage(message: string, cause?: unknown): FlockworkError {
  return new FlockworkError('usage', message, cause === undefined ? {} : { cause });
}

/** `maxTokens=5000` … as a quota. Throws `usage` for an unknown key or a value that is no number. */
export function parseQuota(pairs: readonly string[]): Record<string, number> {
  const keys = Object.keys(quota.shape);
  return Object.fromEntries(
    pairs
      .flatMap((pair) => pair.split(','))
      .map((pair) => {
        const at = pair.indexOf('=');
        const [key, value] = at < 0 ? [pair, ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
        if (!keys.includes(key)) {
          const meant = nearest(key, keys);
          throw usage(`--quota ${key}: unknown quota${meant === undefined ? '' : `, did you mean ${meant}?`} There are ${keys.join(', ')}.`);
        }
        if (!/^\d+(\.\d+)?$/.test(value)) throw usage(`--quota ${key}: must be a number, as in --quota ${key}=100`);
        return [key, Number(value)] as const;
      }),
  );
}

/** A name, or a whole strategy as JSON. Throws `strategy_unknown`. */
function parseStrategy(text: string): unknown {
  if (text.trimStart().startsWith('{')) return parseJson(text, '--strategy');
  const known: readonly string[] = strategyNames;
  if (known.includes(text)) return text;
  const meant = nearest(text, known);
  throw new FlockworkError('strategy_unknown', `--strategy ${text}: unknown strategy${meant === undefined ? '; see --help' : `, did you mean ${meant}?`}`, {
    details: { strategy: text, known },
  });
}

/** What a goal file looks like for a strategy that a name does not describe. */
const fileExamples: Readonly<Record<string, string>> = {
  pipeline: '{"goal": "…", "strategy": {"type": "pipeline", "stages": [{"name": "read", "prompt": "…"}, {"name": "judge", "prompt": "…"}]}}',
  plan: '{"goal": "…", "strategy": {"type": "plan", "tasks": [{"name": "facts", "prompt": "…"}, {"name": "text", "prompt": "…", "after": ["facts"]}]}}',
};

/** The strategy of `--strategy`, or that of the goal file which the name means. Throws `usage` for a name that says too little. */
function strategyFrom(text: string, file: Record<string, unknown>): unknown {
  const strategy = parseStrategy(text);
  const example = typeof strategy === 'string' ? fileExamples[strategy] : undefined;
  if (example === undefined) return strategy;
  const inFile = file['strategy'];
  if (typeof inFile === 'object' && inFile !== null && 'type' in inFile && inFile.type === strategy) return inFile;
  const what = strategy === 'pipeline' ? 'stages' : 'tasks';
  throw usage(`--strategy ${text}: a ${text} needs its ${what}, which no name can say; write goal.json and give it with -f goal.json: ${example}`);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FlockworkError('invalid_json', `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function readGoalFile(path: string, cwd: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, path), 'utf8');
  } catch (error) {
    throw new FlockworkError(
      'input_missing',
      `the goal file ${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`,
      { cause: error },
    );
  }
  const parsed = parseJson(text, path);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new FlockworkError('invalid_request', `${path}: must be a JSON object like {"goal": "…"}`);
  return parsed as Record<string, unknown>;
}

/** A strategy is a name or an object of one of several types: what is told is what is wrong with the one that fits best. */
function unrolled(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const depthOf = (branch: readonly z.core.$ZodIssue[]): number =>
    Math.max(0, ...branch.map(({ code, path }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)));
  const [closest] = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a));
  if (closest === undefined || depthOf(closest) === 0) return [issue];
  return closest.flatMap((inner) => unrolled({ ...inner, path: [...issue.path, ...inner.path] }));
}

function describeIssues(issues: readonly z.core.$ZodIssue[], file: string | undefined, flags: ReadonlySet<string>): string {
  return issues
    .flatMap(unrolled)
    .map((issue) => {
      const [field = ''] = issue.path.map(String);
      const path = issue.path.map(String).join('.');
      const place =
        file !== undefined && !flags.has(field) ? `${file}: ${path}`.replace(/: $/, '') : [flagOf[field] ?? path, ...issue.path.slice(1).map(String)].join(' ');
      if (issue.code === 'unrecognized_keys') {
        const inside = issue.path.length === 0 ? Object.keys(goalSubmission.shape) : [];
        return issue.keys
          .map((key) => {
            const meant = nearest(key, inside);
            return `${place}: unknown field ${key}${meant === undefined ? '' : `, did you mean ${meant}?`}`;
          })
          .join('; ');
      }
      return `${place}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
    })
    .join('; ');
}

/**
 * A goal from the command line: the fields of `-f`, with the flags over them. Inputs of `--input` are not yet in it.
 * Throws `usage`, `strategy_unknown`, `invalid_json`, `input_missing` or `invalid_request`, each naming the flag.
 */
export async function readSubmission(goal: string | undefined, options: GoalOptions, cwd: string): Promise<GoalSubmission> {
  const file = options.file === undefined ? {} : await readGoalFile(options.file, cwd);
  if (goal === undefined && options.file === undefined) throw usage('say what to do: flockwork run "<goal>", or -f goal.json');
  const given = {
    ...(goal === undefined ? {} : { goal }),
    ...(options.strategy === undefined ? {} : { strategy: strategyFrom(options.strategy, file) }),
    ...(options.agents === undefined ? {} : { agents: /^-?\d+(\.\d+)?$/.test(options.agents) ? Number(options.agents) : options.agents }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
  };
  const fileQuota = typeof file['quota'] === 'object' && file['quota'] !== null ? file['quota'] : undefined;
  const quotas =
    options.quota === undefined ? (file['quota'] === undefined ? {} : { quota: file['quota'] }) : { quota: { ...fileQuota, ...parseQuota(options.quota) } };
  const parsed = goalSubmission.safeParse({ ...file, ...given, ...quotas });
  if (parsed.success) return parsed.data;
  const flags = new Set([...Object.keys(given), ...(options.quota === undefined ? [] : ['quota'])]);
  throw new FlockworkError('invalid_request', describeIssues(parsed.error.issues, options.file, flags), {
    details: { issues: parsed.error.issues.map(({ path, message }) => ({ path, message })) },
  });
}
