import { z } from 'zod';
import { planTasksMax, type StrategyOptions, stagesMax } from './goal.ts';

/** The most items that a choice of map-reduce or pipeline may name. */
export const choiceItemsMax = 64;
/** The longest prompt of a stage or task, and the longest item. Characters. */
export const choiceTextMax = 4_000;
/** What is kept of a reason. Characters. */
export const choiceWhyMax = 500;
/** Issues that one refusal names. */
const issuesShownMax = 5;

const name = z.string().trim().min(1).max(64);
const text = z.string().trim().min(1).max(choiceTextMax);
const items = z.array(text).max(choiceItemsMax).optional();
const why = z.string().trim().min(1);

/** What a model answers that is asked to choose a strategy. Fields beside these are dropped. */
export const strategyChoice = z.discriminatedUnion('strategy', [
  z.object({ strategy: z.literal('single'), why }),
  z.object({ strategy: z.literal('map-reduce'), why, items: z.array(text).min(2).max(choiceItemsMax) }),
  z.object({
    strategy: z.literal('pipeline'),
    why,
    stages: z
      .array(z.object({ name, prompt: text }))
      .min(1)
      .max(stagesMax),
    items,
  }),
  z.object({ strategy: z.literal('consensus'), why }),
  z.object({
    strategy: z.literal('plan'),
    why,
    tasks: z
      .array(z.object({ name, prompt: text, after: z.array(name).max(planTasksMax).optional() }))
      .min(1)
      .max(planTasksMax),
  }),
]);
export type StrategyChoice = z.infer<typeof strategyChoice>;

/** A choice as it can be run, or what is wrong with the answer, in words that a model can act on. */
export type ReadChoice =
  | { readonly options: Exclude<StrategyOptions, { type: 'auto' }>; readonly items: readonly string[]; readonly why: string }
  | { readonly trouble: string };

/**
 * Reads the JSON document out of an answer; text and fences around it are left out. The words of a trouble are this module's own
 * and never a parser's: they become part of journals, which later releases must read to the same end.
 */
export function readStrategyChoice(answer: string): ReadChoice {
  const from = answer.indexOf('{');
  const to = answer.lastIndexOf('}');
  if (from < 0 || to < from) return { trouble: 'there is no JSON object in the answer' };
  const value = parsed(answer.slice(from, to + 1));
  if (value === undefined) return { trouble: 'what stands between the first { and the last } of the answer is not JSON' };
  const choice = strategyChoice.safeParse(value);
  if (choice.success) return optionsOf(choice.data);
  const issues = choice.error.issues.slice(0, issuesShownMax).map(issueText);
  return { trouble: issues.join('; ') };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // What is wrong where differs from engine to engine; the asker says only that it is no JSON.
    return undefined;
  }
}

function issueText(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.') || 'the document';
  if (path === 'strategy') return 'strategy must be one of single, map-reduce, pipeline, consensus, plan';
  switch (issue.code) {
    case 'invalid_type':
      return `${path} is missing or no ${issue.expected}`;
    case 'too_small':
      return `${path} is shorter than ${issue.minimum}`;
    case 'too_big':
      return `${path} is longer than ${issue.maximum}`;
    default:
      return `${path} is not what was asked for`;
  }
}

function optionsOf(choice: StrategyChoice): ReadChoice {
  const reason = choice.why.slice(0, choiceWhyMax);
  switch (choice.strategy) {
    case 'single':
    case 'consensus':
      return { options: { type: choice.strategy }, items: [], why: reason };
    case 'map-reduce':
      return { options: { type: 'map-reduce' }, items: choice.items, why: reason };
    case 'pipeline':
      return { options: { type: 'pipeline', stages: choice.stages }, items: choice.items ?? [], why: reason };
    case 'plan':
      return { options: { type: 'plan', tasks: choice.tasks }, items: [], why: reason };
  }
}
