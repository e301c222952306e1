/** A fault that the simulator must catch, planted into a copy of the sources. */
export interface Mutant {
  readonly name: string;
  readonly changes: readonly Change[];
}

interface Change {
  readonly file: string;
  /** Stands exactly once in the file, in whatever layout. */
  readonly find: string;
  readonly replace: string;
}

/** A source with a fault in it. Throws when the text to replace does not stand in it exactly once. */
export function planted(source: string, { file, find, replace }: Change): string {
  const wanted = anyLayout(find);
  if ([...source.matchAll(wanted)].length !== 1) throw new Error(`'${find}' does not stand exactly once in ${file}`);
  return source.replace(wanted, () => replace);
}

/** The same code however it is laid out in lines. */
function anyLayout(code: string): RegExp {
  const characters = [...code.replaceAll(/\s+/g, '')].map((character) => character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&'));
  return new RegExp(characters.join('\\s*'), 'g');
}

const mutant = (name: string, file: string, find: string, replace: string): Mutant => ({ name, changes: [{ file, find, replace }] });

export const mutants: readonly Mutant[] = [
  mutant(
    'a voter may vote again in a term',
    'swarm/election/election.ts',
    'const granted = term === state.term && (state.votedFor === null || state.votedFor === from);',
    'const granted = term === state.term;',
  ),
  mutant('the term of an answer is not looked at', 'swarm/election/election.ts', 'if (message.term < state.term || state.role', 'if (state.role'),
  mutant('the vote of a member counts twice', 'swarm/election/election.ts', '!message.granted || state.grants.includes(message.from)', '!message.granted'),
  mutant(
    'half of the members make a leader',
    'swarm/election/election.ts',
    'return Math.floor(members.length / 2) + 1;',
    'return Math.max(1, Math.ceil(members.length / 2));',
  ),
  mutant('a refusal counts as a vote', 'swarm/election/election.ts', '|| !message.granted ', ''),
  mutant(
    'a member forgets its vote when it comes back',
    'swarm/election/election.ts',
    "      state.role = 'follower';\n      state.leader = null;\n      state.grants = [];\n      return",
    "      state.role = 'follower';\n      state.votedFor = null;\n      state.leader = null;\n      state.grants = [];\n      return",
  ),
  mutant(
    'a higher term does not end a leadership',
    'swarm/election/election.ts',
    'if (message.term > state.term) stepDown(state, message.term);',
    "if (message.term > state.term && state.role !== 'leader') stepDown(state, message.term);",
  ),
  mutant('a candidate stands again in the same term', 'swarm/election/election.ts', '  state.term += 1;\n', '  state.term = Math.max(1, state.term);\n'),
  mutant(
    'a ballot counts twice',
    'swarm/voting/poll.ts',
    'votes[choice] = (votes[choice] ?? 0) + weightOf(electorate, voter);',
    'votes[choice] = (votes[choice] ?? 0) + 2 * weightOf(electorate, voter);',
  ),
  mutant(
    'a vote is decided one below its quorum',
    'swarm/voting/poll.ts',
    '(votes[choice] ?? 0) >= electorate.needed) ?? null',
    '(votes[choice] ?? 0) >= electorate.needed - 1) ?? null',
  ),
  mutant(
    'an abstention counts for the first proposal',
    'swarm/voting/poll.ts',
    'if (choice !== null) votes[choice] = (votes[choice] ?? 0)',
    "votes[choice ?? 'A'] = (votes[choice ?? 'A'] ?? 0)",
  ),
  mutant(
    'the quorum is one of those that answered',
    'swarm/strategies/consensus.ts',
    '= tallyOf(electorate, poll, state.out',
    '= tallyOf({ ...electorate, needed: Math.floor(poll.ballots.length / 2) + 1 }, poll, state.out',
  ),
  mutant(
    'ballots of earlier rounds count on',
    'swarm/strategies/consensus.ts',
    'state.polls.push(openPoll(state.polls.length + 1, labelsOf(state)));',
    'const before = state.polls.at(-1)?.ballots ?? []; state.polls.push({ ...openPoll(state.polls.length + 1, labelsOf(state)), ballots: [...before] });',
  ),
  mutant(
    'a failed leader stays in office',
    'swarm/strategies/consensus.ts',
    'if (lost >= 0) state.candidates.splice(lost, 1);',
    'if (lost > 99) state.candidates.splice(lost, 1);',
  ),
  mutant(
    'the end of a task is taken a second time',
    'swarm/coordinator/coordinator.tasks.ts',
    "if (task.state === 'completed' || task.state === 'failed' || open < 0) {",
    "if (task.state === 'failed' && open < 0) {",
  ),
  {
    name: 'ends of agents are not deduplicated',
    changes: [
      {
        file: 'actors/cell/fate.ts',
        find: 'if (input.id !== undefined && fold.hasSeen(input.id))',
        replace: "if (input.id === '' && fold.hasSeen(input.id))",
      },
      {
        file: 'actors/cell/fate.ts',
        find: 'if (input.key !== undefined && !fold.awaits(input.key))',
        replace: "if (input.type !== 'task.ended' && input.key !== undefined && !fold.awaits(input.key))",
      },
    ],
  },
  {
    name: 'an item is handed over twice',
    changes: [{ file: 'swarm/strategies/pipeline.ts', find: '      after.queue.push(number);', replace: '      after.queue.push(number, number);' }],
  },
  mutant(
    'a queue between two stages has no bound',
    'swarm/strategies/pipeline.ts',
    'if (after !== undefined && after.queue.length + stage.working >= state.queueItemsMax) continue;',
    '',
  ),
  mutant('a stage has no bound on its items', 'swarm/strategies/pipeline.ts', 'if (stage.working >= stage.concurrency) continue;', ''),
  mutant('a skipped item stays in the result', 'swarm/strategies/pipeline.ts', 'task === null || skipped ? [] : [task]', 'task === null ? [] : [task]'),
  mutant(
    'a retried task is forgotten',
    'swarm/coordinator/coordinator.tasks.ts',
    "    task.state = 'waiting';\n    table.retries.push(index);\n    emitted.push(fact('task.retried'",
    "    task.state = 'waiting';\n    emitted.push(fact('task.retried'",
  ),
  mutant(
    'a pushed task is not pushed again on opening',
    'actors/cell/fold.ts',
    '        this.#pending.set(pending.key, pending);\n        requests.push(pending);',
    "        if (asked.type !== 'task.push') this.#pending.set(pending.key, pending);\n        requests.push(pending);",
  ),
  mutant(
    'effects are released before the append is acknowledged',
    'actors/cell/cell.ts',
    '    if (stepped.length > 0) {\n      try {',
    '    if (stepped.length > 0) {\n      this.#release(stepped);\n      try {',
  ),
  mutant(
    'an unsafe effect that had started runs again',
    'actors/cell/cell.ts',
    '      if (pending.started) {',
    "      if (pending.started && pending.key === '') {",
  ),
  mutant(
    'a task of a plan begins while those it is after are at work',
    'swarm/strategies/plan.ts',
    "step.after.every((before) => stepOf(state, before).state === 'completed')",
    "step.after.every((before) => stepOf(state, before).state !== 'waiting')",
  ),
  mutant(
    'a task of a plan is not told what one before it made',
    'swarm/strategies/plan.ts',
    'stepOf(state, before).task ?? []);',
    'stepOf(state, before).task || []);',
  ),
  mutant('what a failed task leaves out is forgotten', 'swarm/strategies/plan.ts', "      step.state = 'skipped';\n", ''),
  mutant('only the next after a failed task is left out', 'swarm/strategies/plan.ts', '      lost.push(number);\n', ''),
  mutant('what was built on is in the result too', 'swarm/strategies/plan.ts', 'step.task !== null && !used.has(number)', 'step.task !== null'),
  mutant('a choice is asked for without end', 'swarm/strategies/auto.ts', 'if (state.tries.length > choiceRepairsMax)', 'if (state.tries.length > 99)'),
  mutant(
    'a choice that cannot be used is made by rules at once',
    'swarm/strategies/auto.ts',
    'if (state.tries.length > choiceRepairsMax)',
    'if (state.tries.length > 0)',
  ),
  mutant(
    'the parts that a model names are not handed out',
    'swarm/strategies/auto.ts',
    'const item = task.merges === undefined ? part : -1;',
    'const item = -1 * part - 1;',
  ),
  mutant('a strategy reads the dice', 'swarm/strategies/map-reduce.ts', "role: 'map', part,", "role: 'map', name: `part ${Math.random()}`, part,"),
];
