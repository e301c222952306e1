/** What a voter answered, read strictly. */
export interface VoteText {
  /** A label of the proposals; null = abstains. */
  readonly choice: string | null;
  readonly rationale: string;
  /** Why the answer counts as an abstention though it does not say so. */
  readonly unreadable?: string;
}

/** What a fact shows of a rationale. Characters. */
export const rationaleCharsMax = 1_000;

/** The label of the proposal at `index`: A to Z, then AA to AZ, BA … */
export function labelOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : `${labelOf(Math.floor(index / 26) - 1)}${letter}`;
}

/** Reads an answer that must hold exactly one line `<WORD>: <label>` or `<WORD>: abstain`; all else is its rationale. */
export function readVote(word: 'VOTE' | 'DECISION', text: string, labels: readonly string[]): VoteText {
  const lines = text.split('\n').map((line) => line.trim());
  const votes = lines.filter((line) => line.startsWith(`${word}:`));
  const rationale = lines
    .filter((line) => !line.startsWith(`${word}:`))
    .join('\n')
    .trim()
    .slice(0, rationaleCharsMax);
  const unreadable = (why: string): VoteText => ({ choice: null, rationale, unreadable: why });
  const [line] = votes;
  if (line === undefined) return unreadable(`the answer has no line ${word}:`);
  if (votes.length > 1) return unreadable(`the answer has ${votes.length} lines ${word}:`);
  const choice = line.slice(word.length + 1).trim();
  if (choice === 'abstain') return { choice: null, rationale };
  return labels.includes(choice) ? { choice, rationale } : unreadable(`there is no proposal '${choice.slice(0, 20)}'`);
}
