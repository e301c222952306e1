/** What an agent is told of its place in the strategy, by role. */
const roles: Readonly<Record<string, (goal: string, name: string) => string>> = {
  single: (goal) => goal,
  map: (goal, name) =>
    `${goal}\n\nYou are one of several agents on this goal. Work only on your own part (${name}); others do the rest, and the results are merged afterwards. Give what you found with its sources (file:line where there are files).`,
  reduce: (goal) =>
    `${goal}\n\nOther agents have worked on the parts of this goal. Below are their results. Merge them into one answer to the goal: keep every source (file:line), drop repetitions, put the most important first, and say where they contradict each other.`,
};

/** The prompt of a task. */
export function taskPrompt(role: string, goal: string, name: string): string {
  return (roles[role] ?? ((text: string) => text))(goal, name);
}

/** The system prompt of a profile that has none of its own. */
export const systemPromptDefault =
  'You are an agent of a swarm that works on a goal. Use the tools to look before you claim; quote sources as file:line; say what you could not find out. When you are done, answer in Markdown without preamble.';
