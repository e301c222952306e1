import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { MockReply } from './reply.ts';
import type { MockRequest } from './request.ts';

/** Answers a call, or undefined to leave it to the scene that the model's name chooses. */
export type MockScript = (request: MockRequest) => MockReply | undefined | Promise<MockReply | undefined>;

const wait = z.int().min(0).max(86_400_000);

const mockReply = z.strictObject({
  text: z.string().optional(),
  thinking: z.string().optional(),
  toolCalls: z.array(z.strictObject({ name: z.string(), input: z.unknown().optional(), rawArguments: z.string().optional() })).optional(),
  latencyMs: wait.optional(),
  pieceMs: wait.optional(),
  pings: z.int().min(0).max(10_000).optional(),
  usage: z
    .strictObject({ prompt: z.int().min(0), cached: z.int().min(0), written: z.int().min(0), completion: z.int().min(0), reasoning: z.int().min(0) })
    .partial()
    .optional(),
  finish: z.string().optional(),
  scene: z.string().optional(),
});

const pattern = z.string().refine((source) => {
  try {
    return new RegExp(source, 'is') instanceof RegExp;
  } catch {
    return false;
  }
}, 'must be a regular expression');

const mockRule = z.strictObject({
  /** All that are given must hold; patterns are regular expressions that ignore case. */
  when: z
    .strictObject({
      model: pattern.optional(),
      user: pattern.optional(),
      system: pattern.optional(),
      role: z.string().optional(),
      /** How many tool results the call carries. */
      toolResults: z.int().min(0).optional(),
      toolResultsMin: z.int().min(0).optional(),
    })
    .optional(),
  /** The rule is used up after so many calls. Default: never. */
  times: z.int().min(1).optional(),
  /** In `text` and in string inputs, `{{user}}` is the last user message and `{{results}}` all tool results. */
  reply: mockReply,
});
export type MockRule = z.input<typeof mockRule>;

const rules = z.array(mockRule);

/** Reads the rules of a JSON file. Throws `input_missing`, `config_invalid`. */
export async function loadMockRules(path: string): Promise<MockRule[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new FlockworkError('input_missing', `The script ${path} of the mock model cannot be read.`, { cause, details: { path } });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FlockworkError('config_invalid', `The script ${path} of the mock model is not JSON.`, { cause, details: { path } });
  }
  return checkedRules(json);
}

function checkedRules(json: unknown): MockRule[] {
  const read = rules.safeParse(json);
  if (read.success) return read.data as MockRule[];
  const issue = read.error.issues[0];
  const at = issue?.path.join('.') ?? '';
  throw new FlockworkError(
    'config_invalid',
    `A rule of the mock model's script does not fit at "${at}": ${issue?.message ?? 'invalid'}. The script is a list of {when?, times?, reply}.`,
    { details: { path: at } },
  );
}

function fits(when: MockRule['when'], request: MockRequest): boolean {
  if (when === undefined) return true;
  const matches = (source: string | undefined, text: string): boolean => source === undefined || new RegExp(source, 'is').test(text);
  return (
    matches(when.model, request.model) &&
    matches(when.user, request.user) &&
    matches(when.system, request.system) &&
    (when.role === undefined || when.role === request.role) &&
    (when.toolResults === undefined || when.toolResults === request.toolResults.length) &&
    (when.toolResultsMin === undefined || request.toolResults.length >= when.toolResultsMin)
  );
}

/** Replaces the placeholders in every string of a reply. */
export function filledIn<Value>(value: Value, words: Readonly<Record<string, string>>): Value {
  const fill = (part: unknown): unknown => {
    if (typeof part === 'string') return part.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => words[name] ?? whole);
    if (Array.isArray(part)) return part.map(fill);
    if (typeof part === 'object' && part !== null) return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, fill(inner)]));
    return part;
  };
  return fill(value) as Value;
}

/** The first rule that fits and is not used up answers. Throws `config_invalid`. */
export function ruleScript(given: readonly MockRule[]): MockScript {
  const left = checkedRules(given).map((rule) => ({ rule, times: rule.times ?? Number.POSITIVE_INFINITY }));
  return (request) => {
    const found = left.find((entry) => entry.times > 0 && fits(entry.rule.when, request));
    if (found === undefined) return undefined;
    found.times -= 1;
    return filledIn(found.rule.reply as MockReply, { user: request.user, results: request.toolResults.join('\n') });
  };
}
