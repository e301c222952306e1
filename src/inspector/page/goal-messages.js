/** What the actors of one goal told each other, read from its facts in the order of the journal. */
const cut = (text, charsMax = 600) => (typeof text === 'string' && text.length > charsMax ? `${text.slice(0, charsMax)}…` : text);
const gateway = 'gateway';
const person = 'person';
const coordinator = 'coordinator';
const agentOf = ({ task, attempt }) => `agent-${task}-${attempt}`;

/** The agent that casts a voter's ballot of a round: its newest task with the role vote. */
function voterOf(fold, { voter, round }) {
  const tasks = [...fold.tasks.values()].filter(({ role, name }) => role === 'vote' && name.includes(voter));
  const task = tasks[Math.min(tasks.length, round) - 1];
  return task?.agents.at(-1) ?? voter;
}

const readers = {
  'goal.accepted': ({ data }) => [{ from: gateway, to: coordinator, word: 'goal.accept', by: 'journal', text: data.goal }],
  'goal.resumed': () => [{ from: gateway, to: coordinator, word: 'goal.resume', by: 'inbox' }],
  'goal.paused': ({ data }) => [{ from: coordinator, to: gateway, word: 'goal.paused', by: 'journal', text: data.message, waits: true }],
  'goal.completed': ({ data }) => [{ from: coordinator, to: gateway, word: 'goal.completed', by: 'journal', text: data.result }],
  'goal.failed': ({ data }) => [{ from: coordinator, to: gateway, word: 'goal.failed', by: 'journal', text: data.message, refused: data.code }],
  'goal.cancelled': ({ data }) => [{ from: gateway, to: coordinator, word: 'goal.cancel', by: 'inbox', text: data.reason, refused: 'cancelled' }],
  'task.started': ({ actor, data }) => [
    { from: coordinator, to: actor, word: `agent.assign ${data.task}`, by: 'task queue', text: `attempt ${data.attempt} on ${data.node}, ${data.model}` },
  ],
  'agent.answered': ({ actor, data }) => [{ from: actor, to: coordinator, word: 'agent.answered', by: 'journal', text: data.result }],
  'agent.failed': ({ actor, data }) => [{ from: actor, to: coordinator, word: 'agent.failed', by: 'journal', text: data.message, refused: data.code }],
  'actor.poisoned': ({ actor, data }) =>
    actor === coordinator ? [] : [{ from: actor, to: coordinator, word: 'actor.poisoned', by: 'journal', text: data.message, refused: data.code }],
  'budget.asked': ({ actor, data }) => [
    { from: actor, to: coordinator, word: 'budget.ask', by: 'inbox', text: `tokens ${data.tokens ?? 0}, tool calls ${data.toolCalls ?? 0}` },
  ],
  'budget.granted': ({ data }) => [
    { from: coordinator, to: agentOf(data), word: 'budget.granted', by: 'inbox', text: `tokens ${data.tokens ?? 0}, tool calls ${data.toolCalls ?? 0}` },
  ],
  'budget.refused': ({ data }) => [
    { from: coordinator, to: agentOf(data), word: 'budget.refused', by: 'inbox', text: `${data.quota}: nothing is left`, refused: data.quota },
  ],
  'agent.told': ({ data }) =>
    data.agents.length === 0
      ? [{ from: data.from, to: coordinator, word: `agent.tell ${data.to}`, by: 'inbox', text: data.text, refused: data.code ?? 'nobody is at work' }]
      : data.agents.map((to) => ({ from: data.from, to, word: 'agent.told', by: 'inbox', text: data.text })),
  'memory.written': ({ data }) => [
    {
      from: data.by,
      to: coordinator,
      word: `memory.set ${data.key}`,
      by: 'inbox',
      text: typeof data.value === 'string' ? data.value : JSON.stringify(data.value),
    },
  ],
  'memory.deleted': ({ data }) => [{ from: data.by, to: coordinator, word: `memory.delete ${data.key}`, by: 'inbox' }],
  'memory.refused': ({ data }) => [{ from: data.by, to: coordinator, word: `memory.set ${data.key}`, by: 'inbox', refused: data.code }],
  'tool.requested': ({ actor, data }) =>
    data.asks === true ? [{ from: actor, to: person, word: `asks ${data.name}`, by: 'journal', text: JSON.stringify(data.input), waits: true }] : [],
  'tool.approved': ({ actor, data }) => [{ from: person, to: actor, word: 'tool.approved', by: 'inbox', text: data.reason ?? data.by }],
  'tool.denied': ({ actor, data }) => [{ from: person, to: actor, word: 'tool.denied', by: 'inbox', text: data.reason ?? data.by, refused: 'denied' }],
  'vote.cast': ({ data }, fold) => [
    {
      from: voterOf(fold, data),
      to: coordinator,
      word: `vote.cast ${data.choice}`,
      by: 'journal',
      text: `round ${data.round}, ${data.voter}: ${data.rationale ?? ''}`,
    },
  ],
  'leader.elected': ({ data }) => [{ from: coordinator, to: coordinator, word: `leader.elected ${data.leader}`, by: 'journal', text: data.rationale }],
};

/** Messages as `{key, at, from, to, word, by, text, refused, waits, fact}`, the oldest first. */
export function messagesOf(fold) {
  return fold.events.flatMap((event) =>
    (readers[event.type]?.(event, fold) ?? []).map((message, part) => ({
      ...message,
      text: cut(message.text),
      key: `${event.cursor}-${part}`,
      at: event.at,
      actor: event.actor,
      fact: event.type,
      seq: event.seq,
    })),
  );
}

/** The agent that an actor of a message is; undefined for the gateway, the coordinator and people. */
export const isAgent = (name) => name !== gateway && name !== coordinator && name !== person;

/** Lifelines in the order in which they first spoke; more agents than `agentsMax` share the last one. */
export function lifelines(messages, agentsMax) {
  const seen = new Set(messages.flatMap(({ from, to }) => [from, to]));
  const agents = [...seen].filter(isAgent);
  const shown = new Set(agents.slice(0, agentsMax));
  const lines = [...[gateway, person, coordinator].filter((name) => seen.has(name)), ...shown];
  const others = agents.length - shown.size;
  return {
    lines: others > 0 ? [...lines, `${others} other agents`] : lines,
    lineOf: (name) => (isAgent(name) && !shown.has(name) ? lines.length : lines.indexOf(name)),
  };
}
