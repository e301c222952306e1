import type { ModelMessage, ModelToolCall } from '../../../actors/ports/models.ts';
import { type Terms, termsOf } from './terms.ts';

export interface Material {
  readonly name: string;
  readonly text: string;
}

/** One tool call of an earlier round with its answer. */
export interface Answered {
  readonly call: ModelToolCall;
  readonly ok: boolean;
  readonly text: string;
}

/** The conversation, read by the conventions of Flockwork's own prompts. */
export interface Brief {
  readonly role: string;
  /** The text of the goal, without its material. */
  readonly goal: string;
  /** What this very task is asked: the prompt of a stage without the goal of its pipeline, else the goal. */
  readonly asked: string;
  /** What the whole pipeline is for; of any other task its goal. */
  readonly purpose: string;
  /** The number of a proposer, voter or leader, counted from 1; 0 for others. */
  readonly voter: number;
  /** The round of ballots, counted from 1; 0 for what is no vote. */
  readonly round: number;
  readonly terms: Terms;
  readonly material: readonly Material[];
  /** The files that this task is about; empty = all of the workspace. */
  readonly focus: readonly string[];
  readonly rounds: readonly (readonly Answered[])[];
}

/** What proposers, voters and leaders are told after the goal. */
const instructions = /\n\n(?=You are (?:the voter )?p\d+\b|The voters found no quorum)/;
/** What a stage, or a task of a plan, is told behind its own prompt. */
const stageNote = /\n\nThis is (?:stage \d+ of \d+ \(|the task .*, one of \d+ of a plan)/;
const stagePurpose = /\n\nThis is (?:stage \d+ of \d+ \(.*\) of a pipeline|the task .*, one of \d+ of a plan) for this goal: (\S.*)/;
/** The name of the material that lists the files of a task. */
const focusName = 'files';

function roleOf(messages: readonly ModelMessage[]): string {
  const system = messages.find((message) => message.role === 'system')?.text ?? '';
  return /^Role:[ \t]*(\S+)/m.exec(system)?.[1] ?? 'single';
}

/** The prompt, then for each material a block that begins with `## <name>` after an empty line. */
function blocksOf(text: string): { prompt: string; material: Material[] } {
  const [prompt = '', ...blocks] = text.split(/\n\n(?=## )/);
  return {
    prompt: prompt.trim(),
    material: blocks.map((block) => {
      const end = block.indexOf('\n');
      return end < 0 ? { name: block.slice(3).trim(), text: '' } : { name: block.slice(3, end).trim(), text: block.slice(end + 1) };
    }),
  };
}

function roundsOf(messages: readonly ModelMessage[]): Answered[][] {
  const rounds: Answered[][] = [];
  let calls = new Map<string, ModelToolCall>();
  for (const message of messages) {
    if (message.role === 'assistant' && message.toolCalls.length > 0) {
      calls = new Map(message.toolCalls.map((call) => [call.id, call]));
      rounds.push([]);
    }
    const call = message.role === 'tool' ? calls.get(message.id) : undefined;
    if (message.role === 'tool' && call !== undefined) rounds.at(-1)?.push({ call, ok: message.ok, text: message.text });
  }
  return rounds;
}

export function briefOf(messages: readonly ModelMessage[]): Brief {
  const user = messages.find((message) => message.role === 'user')?.text ?? '';
  const { prompt: told, material } = blocksOf(user);
  const prompt = told.split(instructions, 1)[0] ?? told;
  // A prompt may wrap the goal: then the line that names it is what counts.
  const goal = /^Goal:[ \t]*(\S.*)$/m.exec(prompt)?.[1] ?? prompt;
  const focus = material.filter((block) => block.name === focusName).flatMap((block) => block.text.split('\n'));
  return {
    role: roleOf(messages),
    goal,
    asked: goal.split(stageNote, 1)[0] ?? goal,
    purpose: stagePurpose.exec(goal)?.[1] ?? goal,
    voter: Number(
      /\n\nYou are (?:the voter )?p(\d+)\b|elected you, p(\d+),/
        .exec(told)
        ?.slice(1)
        .find((number) => number !== undefined) ?? 0,
    ),
    round: Number(/\n\nYou are the voter p\d+ in round (\d+) of/.exec(told)?.[1] ?? 0),
    terms: termsOf(goal),
    material: material.filter((block) => block.name !== focusName),
    focus: focus
      .map((line) =>
        line
          .trim()
          .replace(/^[-*] /, '')
          .replace(/^\.\//, ''),
      )
      .filter((line) => line !== ''),
    rounds: roundsOf(messages),
  };
}
