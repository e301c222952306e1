import { choiceItemsMax, choiceTextMax } from '../../protocols/goals/strategy-choice.ts';

/** Asks for a strategy. What the inputs are stands in the material. */
export function choosePrompt(goal: string, agents: number, files: number): string {
  return [
    `Choose how a swarm of ${agents} agent${agents === 1 ? '' : 's'} should work on the goal below. Do not work on the goal itself.`,
    `The goal: ${goal}`,
    files === 0
      ? 'The agents have tools and an empty workspace.'
      : `The agents have tools and a workspace of ${files} file${files === 1 ? '' : 's'}, which you do not see.`,
    [
      'The strategies, and what to give for each:',
      '- single: one agent does it all. {"strategy": "single", "why": "…"}',
      `- map-reduce: the goal falls into parts that do not need each other; each is worked on by itself and the results are merged. {"strategy": "map-reduce", "why": "…", "items": ["the first part", "the second part"]} with 2 to ${choiceItemsMax} items`,
      '- pipeline: the same steps one after the other, each with the result of the one before; with items, each item goes through all of them. {"strategy": "pipeline", "why": "…", "stages": [{"name": "read", "prompt": "…"}, {"name": "judge", "prompt": "…"}], "items": ["…"]}, items only where there are several',
      '- plan: tasks that depend on each other in any way but a circle. {"strategy": "plan", "why": "…", "tasks": [{"name": "facts", "prompt": "…"}, {"name": "text", "prompt": "…", "after": ["facts"]}]}',
      '- consensus: a question where several complete answers are worth comparing; agents propose and vote. {"strategy": "consensus", "why": "…"}',
    ].join('\n'),
    `Take the simplest that fits: single, unless the goal gains by more. A prompt or an item has at most ${choiceTextMax} characters. Answer with exactly one JSON object as shown, and nothing else.`,
  ].join('\n\n');
}

/** Asks once more, with what was wrong. The answer before stands in the material. */
export function repairPrompt(asked: string, trouble: string): string {
  return `${asked}\n\nYour answer before, which is in the material, could not be used: ${trouble}. Answer again with one JSON object that can.`;
}
