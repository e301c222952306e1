/** What a goal's facts say: tasks with their segments in time, what was used, votes. Folded fact by fact, in the order of the journal. */
export const eventsKeptMax = 4_000;
const segmentsMax = 400;

export function newFold() {
  return {
    cursor: '0',
    events: [],
    dropped: 0,
    accepted: null,
    startedAt: null,
    endedAt: null,
    now: 0,
    tasks: new Map(),
    agents: new Map(),
    tokens: 0,
    costMicroUsd: 0,
    costUnknown: false,
    modelCalls: 0,
    toolCalls: 0,
    quota: null,
    warned: new Map(),
    votes: [],
    decided: null,
    leaders: [],
    expected: 0,
    asks: new Map(),
  };
}

const newTask = (id) => ({
  id,
  role: '',
  name: id,
  merges: [],
  createdAt: null,
  state: 'queued',
  attempt: 0,
  retries: 0,
  superseded: 0,
  tokens: 0,
  costMicroUsd: 0,
  agents: [],
  error: null,
});

function taskOf(fold, id) {
  let task = fold.tasks.get(id);
  if (task === undefined) {
    task = newTask(id);
    fold.tasks.set(id, task);
  }
  return task;
}

function agentOf(fold, actor) {
  let agent = fold.agents.get(actor);
  if (agent === undefined) {
    agent = {
      actor,
      task: /^agent-(t\d+)-/.exec(actor)?.[1] ?? actor,
      attempt: Number(/-(\d+)$/.exec(actor)?.[1] ?? 1),
      node: '',
      model: '',
      segments: [],
      role: 'idle',
      from: null,
      endedAt: null,
      tokens: 0,
      open: new Set(),
      asking: new Set(),
    };
    fold.agents.set(actor, agent);
    taskOf(fold, agent.task).agents.push(actor);
  }
  return agent;
}

/** The agent does something else from here on. */
function turn(agent, role, at) {
  if (agent.role === role && agent.from !== null) return;
  if (agent.from !== null && at >= agent.from && agent.segments.length < segmentsMax) agent.segments.push({ role: agent.role, from: agent.from, to: at });
  agent.role = role;
  agent.from = at;
}

function endAgent(fold, agent, at, state) {
  turn(agent, state, at);
  agent.from = null;
  agent.endedAt = at;
  for (const call of agent.asking) fold.asks.delete(`${agent.actor}/${call}`);
}

const onAgent = {
  'task.started': (fold, agent, data, at) => {
    Object.assign(agent, { node: data.node, model: data.model });
    const task = taskOf(fold, agent.task);
    task.attempt = Math.max(task.attempt, agent.attempt);
    if (task.state === 'queued') task.state = 'thinking';
    turn(agent, 'thinking', at);
  },
  'model.called': (_fold, agent, _data, at) => turn(agent, 'thinking', at),
  'model.replied': (fold, agent, data, at) => {
    fold.modelCalls++;
    fold.tokens += data.tokens ?? 0;
    agent.tokens += data.tokens ?? 0;
    const task = taskOf(fold, agent.task);
    task.tokens += data.tokens ?? 0;
    if (data.costMicroUsd === null || data.costMicroUsd === undefined) fold.costUnknown = true;
    else {
      fold.costMicroUsd += data.costMicroUsd;
      task.costMicroUsd += data.costMicroUsd;
    }
    turn(agent, 'thinking', at);
  },
  'model.discarded': (_fold, agent, _data, at) => turn(agent, 'backoff', at),
  'tool.requested': (fold, agent, data, at) => {
    agent.open.add(data.call);
    if (data.asks === true) {
      agent.asking.add(data.call);
      fold.asks.set(`${agent.actor}/${data.call}`, { actor: agent.actor, call: data.call, name: data.name, input: data.input, at });
    }
    turn(agent, [...agent.open].every((call) => agent.asking.has(call)) ? 'waiting' : 'acting', at);
  },
  'tool.approved': (fold, agent, data, at) => {
    agent.asking.delete(data.call);
    fold.asks.delete(`${agent.actor}/${data.call}`);
    turn(agent, 'acting', at);
  },
  'tool.denied': (fold, agent, data) => {
    agent.asking.delete(data.call);
    fold.asks.delete(`${agent.actor}/${data.call}`);
  },
  'tool.completed': (fold, agent, data, at) => {
    fold.toolCalls++;
    agent.open.delete(data.call);
    if (agent.open.size === 0) turn(agent, 'thinking', at);
    else if ([...agent.open].every((call) => agent.asking.has(call))) turn(agent, 'waiting', at);
  },
  'budget.asked': (_fold, agent, _data, at) => turn(agent, 'waiting', at),
  'agent.answered': (fold, agent, _data, at) => endAgent(fold, agent, at, 'done'),
  'agent.failed': (fold, agent, data, at) =>
    endAgent(fold, agent, at, data.code === 'cancelled' ? 'cancelled' : data.code === 'quota_exceeded' ? 'overQuota' : 'failed'),
  'actor.poisoned': (fold, agent, _data, at) => endAgent(fold, agent, at, 'failed'),
};

const onCoordinator = {
  'goal.accepted': (fold, data, at) => {
    fold.accepted = { ...data, at };
    fold.quota = data.quota;
  },
  'goal.started': (fold, _data, at) => {
    fold.startedAt = at;
  },
  'plan.made': (fold, data) => {
    fold.expected = data.tasks ?? 0;
  },
  'task.created': (fold, data, at) => {
    Object.assign(taskOf(fold, data.task), { role: data.role, name: data.name ?? data.task, merges: data.merges ?? [], createdAt: at });
  },
  'task.completed': (fold, data) => {
    taskOf(fold, data.task).state = 'done';
  },
  'task.failed': (fold, data) => {
    const task = taskOf(fold, data.task);
    if (data.final) task.state = 'failed';
    task.error = { code: data.code, message: data.message };
  },
  'task.retried': (fold, data) => {
    taskOf(fold, data.task).retries++;
  },
  'task.superseded': (fold, data) => {
    taskOf(fold, data.task).superseded++;
  },
  'budget.granted': (fold, data, at) => {
    const agent = fold.agents.get(`agent-${data.task}-${data.attempt}`);
    if (agent !== undefined && agent.from !== null) turn(agent, 'thinking', at);
  },
  'quota.warned': (fold, data) => fold.warned.set(data.quota, data),
  'quota.exceeded': (fold, data) => fold.warned.set(data.quota, { ...data, exceeded: true }),
  'vote.cast': (fold, data, at) => fold.votes.push({ ...data, at }),
  'round.decided': (fold, data, at) => {
    fold.decided = { ...data, at };
  },
  'leader.elected': (fold, data, at) => fold.leaders.push({ ...data, at }),
  'goal.resumed': (fold, data) => {
    fold.quota = data.quota ?? fold.quota;
    fold.warned.clear();
  },
};

const ends = new Set(['goal.completed', 'goal.failed', 'goal.cancelled']);

/** Takes one `goal.event`. */
export function takeEvent(fold, event) {
  const { actor, type, data, at, cursor } = event;
  fold.cursor = cursor;
  fold.now = Math.max(fold.now, at);
  fold.events.push(event);
  if (fold.events.length > eventsKeptMax) {
    fold.events.splice(0, eventsKeptMax / 4);
    fold.dropped += eventsKeptMax / 4;
  }
  if (actor === 'coordinator') onCoordinator[type]?.(fold, data, at);
  else if (actor.startsWith('agent-')) onAgent[type]?.(fold, agentOf(fold, actor), data, at);
  if (ends.has(type)) {
    fold.endedAt = at;
    for (const agent of fold.agents.values()) if (agent.endedAt === null) endAgent(fold, agent, at, type === 'goal.cancelled' ? 'cancelled' : agent.role);
    for (const task of fold.tasks.values()) if (task.state === 'queued' || task.state === 'thinking') task.state = 'cancelled';
  }
}

/** The state that a task shows: of its agent at work, else its own. */
export function shownState(fold, task) {
  if (task.state !== 'thinking') return task.state;
  const working = task.agents.map((actor) => fold.agents.get(actor)).findLast((agent) => agent.endedAt === null);
  return working?.role ?? 'idle';
}

/** When a task was worked on: from its first agent's start to its last one's end; the open end is `now`. */
export function spanOf(fold, task, now) {
  let from = null;
  let to = null;
  for (const actor of task.agents) {
    const agent = fold.agents.get(actor);
    const first = agent.segments[0]?.from ?? agent.from;
    if (first === null || first === undefined) continue;
    from = from === null ? first : Math.min(from, first);
    to = Math.max(to ?? 0, agent.endedAt ?? now);
  }
  return from === null ? null : { from, to };
}

/** The chain of tasks that decided how long it took: from the end back, each time to what ended last before it began. */
export function criticalPath(fold, now) {
  const spans = new Map();
  for (const task of fold.tasks.values()) {
    const span = spanOf(fold, task, now);
    if (span !== null) spans.set(task.id, span);
  }
  let last;
  for (const [id, { to }] of spans) if (last === undefined || to >= spans.get(last).to) last = id;
  const path = [];
  const seen = new Set();
  while (last !== undefined && !seen.has(last)) {
    seen.add(last);
    path.unshift(last);
    const { from } = spans.get(last);
    const before = [...spans.keys()].filter((id) => !seen.has(id) && spans.get(id).to <= from + 5);
    last = before.reduce((best, id) => (best === undefined || spans.get(id).to > spans.get(best).to ? id : best), undefined);
  }
  return path;
}
