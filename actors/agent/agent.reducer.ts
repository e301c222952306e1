import type { TaskSpec } from '../../protocols/goals/task.ts';
import { type Emitted, fact, request, type StampedInput, type Verdict } from '../cell/kind.ts';
import type { AgentState } from './agent.chart.ts';
import { answered, answers, cancelled, failed, givesUp, withWarnings } from './agent.endings.ts';
import { type AgentInput, asAgentInput, type EffectFailed, type ModelReplied } from './agent.inputs.ts';
import { estimateInputTokens, type Need, reserveCall, shortOf } from './agent.quota.ts';
import { approvalTimer, beginRound, completeCall, decideCall, startCalls } from './agent.round.ts';
import { askCoordinator, isSettleName, settleTimer, unsettledCall } from './agent.swarm-tools.ts';
import type { AgentTable } from './agent.table.ts';
import { excerptCharsMax, modelBackoffMs, modelBackoffMsMax, modelTriesMax } from './bounds.ts';

type AgentVerdict = Verdict<AgentState>;

/** A failed call that the provider surely did not work on costs nothing. */
const uncharged: ReadonlySet<string> = new Set([
  'model_rate_limited',
  'model_overloaded',
  'model_auth',
  'model_billing',
  'model_bad_request',
  'model_context_overflow',
  'model_unknown',
]);

/** What a model is told after notes that came while it gave its answer. */
const answerAgain = 'This came while you were answering. Take it into account. Give your whole answer again, for only your last one counts.';

/** Decides what an agent does next. Pure but for the table. */
export function reduceAgent(table: AgentTable, stamped: StampedInput, state: string): Verdict {
  const input = asAgentInput(stamped);
  const verdict = withWarnings(table, decide(table, input, state as AgentState));
  return {
    ...verdict,
    context: {
      task: table.task,
      attempt: table.attempt,
      ticks: table.ticks,
      tokens: table.usage.tokens,
      toolCalls: table.usage.toolCalls,
      tries: table.tries,
      model: table.spec?.model ?? '',
    },
  };
}

function decide(table: AgentTable, input: AgentInput, state: AgentState): AgentVerdict {
  switch (input.type) {
    case 'agent.assign':
      return assigned(table, input);
    case 'agent.abandon':
      table.task = input.task;
      table.attempt = input.attempt;
      table.allotment = input.allotment;
      return failed(table, input.code, input.message, false);
    case 'cell.opened':
      return reopened(table, state);
    case 'model.replied':
      return replied(table, input);
    case 'tool.completed':
      return goOn(table, completeCall(table, input.ref, { ok: true, text: input.text, truncated: input.truncated }), state);
    case 'tool.settled':
      return settled(table, input, state);
    case 'effect.failed':
      return effectFailed(table, input, state);
    case 'timer.fired':
      return state === 'backoff' ? think(table, []) : undecided(table, input.name, state);
    case 'approval.decided':
      return decided(table, decideCall(table, input.call, input), state);
    case 'message.stored':
      return { emit: [] };
    case 'budget.granted':
      return granted(table, input);
    case 'budget.refused':
      if (table.onGrant === null) return { emit: [] };
      return givesUp(table, 'quota_exceeded', input.message, false, [fact('quota.exceeded', { quota: input.quota })]);
    case 'workspace.collected':
      if (mayHear(table)) return hear(table, []);
      return answered(table, {
        artifacts: input.artifacts ?? [],
        ...(input.artifactsBlob === undefined ? {} : { artifactsBlob: input.artifactsBlob }),
        changed: input.count,
      });
    case 'agent.note':
      table.notes.push(input.text);
      return { emit: [] };
    case 'agent.cancel':
      if (state === 'thinking') charge(table, table.reserved, true);
      return cancelled(table, input.reason);
  }
}

function assigned(table: AgentTable, input: Extract<AgentInput, { type: 'agent.assign' }>): AgentVerdict {
  const { spec } = input;
  table.task = input.task;
  table.attempt = input.attempt;
  table.spec = spec;
  table.allotment = input.allotment;
  table.transcript.push({ role: 'system', text: `${spec.system}\nRole: ${spec.role}` });
  table.transcript.push({ role: 'user', text: userText(spec) });
  return think(table, [fact('task.started', { task: input.task, attempt: input.attempt, node: input.node, model: spec.model, role: spec.role })]);
}

/** The prompt, then each material under its name. */
function userText(spec: TaskSpec): string {
  return [spec.prompt, ...spec.material.map(({ name, text }) => `## ${name}\n${text}`)].join('\n\n');
}

/** A call that was in flight when the last worker died is asked again; what the first one cost nobody knows, so it is charged in full. */
function reopened(table: AgentTable, state: AgentState): AgentVerdict {
  if (state === 'thinking') charge(table, table.reserved, true);
  return { emit: [] };
}

/** Begins a round, or says why it cannot. */
function think(table: AgentTable, before: readonly Emitted[], sameRound = table.tries > 0): AgentVerdict {
  const { allotment } = table;
  if (!sameRound) {
    if (table.ticks >= allotment.ticks) {
      const exceeded = fact('quota.exceeded', { quota: 'maxTicks', used: table.ticks, limit: allotment.ticks });
      return givesUp(table, 'ticks_exhausted', `no answer within ${allotment.ticks} rounds; raise quota.maxTicks`, false, [...before, exceeded]);
    }
    table.ticks += 1;
  }
  return callModel(table, before);
}

function callModel(table: AgentTable, before: readonly Emitted[]): AgentVerdict {
  const spec = specOf(table);
  for (const text of table.notes) table.transcript.push({ role: 'user', text });
  table.notes = [];
  const toolsChars = spec.tools.reduce((chars, tool) => chars + tool.name.length + tool.description.length + JSON.stringify(tool.parameters).length, 0);
  const inputTokens = estimateInputTokens(table.transcript, toolsChars);
  const reservation = reserveCall(table, spec.outputTokensMax, inputTokens);
  if (reservation === undefined) return ask(table, 'thinking', shortOf(table, spec.outputTokensMax, inputTokens), before);
  table.calls += 1;
  table.reserved = reservation.total;
  const call = `c${table.calls}`;
  return {
    go: 'thinking',
    emit: [
      ...before,
      fact('model.called', { call, model: spec.model, tick: table.ticks }),
      request('model.call', call, { model: spec.model, upTo: table.transcript.length, outputTokensMax: reservation.output }),
    ],
  };
}

function replied(table: AgentTable, input: ModelReplied): AgentVerdict {
  const { usage } = input;
  table.tries = 0;
  table.usage.modelCalls += 1;
  const tokens = usage === null ? table.reserved : usage.input + usage.cacheRead + usage.cacheWrite + usage.output;
  charge(table, tokens, usage === null);
  if (input.costMicroUsd === null) table.usage.costUnknown = true;
  else table.usage.costMicroUsd += input.costMicroUsd;
  const carried = input.carry === undefined ? {} : { carry: input.carry };
  table.transcript.push({ role: 'assistant', text: input.text, toolCalls: input.toolCalls, ...carried });
  const told = fact('model.replied', {
    call: input.ref,
    finish: input.finish,
    tokens,
    costMicroUsd: input.costMicroUsd,
    model: input.answeredBy,
    text: input.text.slice(0, excerptCharsMax),
    toolCalls: input.toolCalls.length,
  });
  if (input.toolCalls.length === 0) {
    table.answer = { text: input.text, blob: input.textBlob ?? null, truncated: input.finish === 'length' };
    return mayHear(table) ? hear(table, [told]) : answers(table, [told]);
  }
  const requested = beginRound(table, input.ref, input.toolCalls);
  const wanted = table.round.filter((call) => call.state === 'waiting').length;
  if (table.usage.toolCalls + wanted > table.allotment.toolCalls)
    return ask(table, 'acting', { tokens: 0, toolCalls: wanted, costMicroUsd: 0 }, [told, ...requested]);
  return goOn(table, [told, ...requested], 'thinking');
}

/** True when a note came too late for the last call, and another round is left. Calls without results would spoil the transcript. */
function mayHear({ notes, ticks, allotment, round }: AgentTable): boolean {
  return notes.length > 0 && ticks < allotment.ticks && round.length === 0;
}

/** One more round, for notes that came while the model gave its last answer. Without a word the model would answer them alone. */
function hear(table: AgentTable, before: readonly Emitted[]): AgentVerdict {
  table.notes.push(answerAgain);
  return think(table, before);
}

/** Goes on with a round: starts what may run, and with all results in, in the order of the calls, begins the next. */
function goOn(table: AgentTable, emitted: readonly Emitted[], state: AgentState): AgentVerdict {
  if (table.round.every((call) => call.state === 'done')) {
    if (table.round.length === 0) return { emit: emitted };
    for (const { id, name, ok, text } of table.round) table.transcript.push({ role: 'tool', id, name, ok, text });
    table.round = [];
    return think(table, emitted);
  }
  const emit = [...emitted, ...startCalls(table)];
  const next = table.round.some((call) => call.state === 'running') ? 'acting' : 'waiting';
  return state === next ? { emit } : { go: next, emit };
}

/** A decision on a call that waits for none changes nothing. */
function decided(table: AgentTable, emitted: readonly Emitted[], state: AgentState): AgentVerdict {
  return emitted.length === 0 ? { emit: [] } : goOn(table, emitted, state);
}

/** Nobody decided on a call in time: the policy of the task does. */
function undecided(table: AgentTable, timer: string, state: AgentState): AgentVerdict {
  const unanswered = unsettledCall(table, timer);
  if (unanswered !== undefined) return { emit: askCoordinator(table, unanswered) };
  const call = table.round.find(({ ref }) => approvalTimer(ref) === timer);
  const allow = table.spec?.approval?.onTimeout === 'allow';
  return decided(table, call === undefined ? [] : decideCall(table, call.ref, { allow, by: 'timeout' }), state);
}

function effectFailed(table: AgentTable, input: EffectFailed, state: AgentState): AgentVerdict {
  if (input.ref.startsWith('ask-')) return askFailed(table, input);
  if (isSettleName(input.ref)) return unsent(table, input, state);
  if (state === 'acting')
    return goOn(table, completeCall(table, input.ref, { ok: false, text: toolFailure(input), truncated: false, code: input.code }), state);
  if (state !== 'thinking') return failed(table, input.code, input.message, input.retryable);
  if (!uncharged.has(input.code)) charge(table, table.reserved, true);
  table.tries += 1;
  const discarded = fact('model.discarded', {
    call: input.ref,
    code: input.code,
    message: input.message.slice(0, excerptCharsMax),
    retryable: input.retryable,
    tries: table.tries,
  });
  if (!input.retryable || table.tries >= modelTriesMax) return givesUp(table, input.code, input.message, input.retryable, [discarded]);
  const ms = Math.max(input.retryAfterMs ?? 0, Math.min(modelBackoffMs * 2 ** (table.tries - 1), modelBackoffMsMax));
  return { go: 'backoff', emit: [discarded, request('timer.start', 'backoff', { name: 'backoff', ms: Math.min(ms, modelBackoffMsMax * 2) })] };
}

/** An ask that was answered all the same is no failure: only the acknowledgement of its sending was lost. */
function askFailed(table: AgentTable, input: EffectFailed): AgentVerdict {
  return table.onGrant === null || input.ref !== askRef(table) ? { emit: [] } : givesUp(table, input.code, input.message, input.retryable);
}

/** The coordinator has answered a call; an answer that comes a second time changes nothing. */
function settled(table: AgentTable, input: Extract<AgentInput, { type: 'tool.settled' }>, state: AgentState): AgentVerdict {
  const call = unsettledCall(table, settleTimer(input.call));
  if (call === undefined) return { emit: [] };
  const { ok, text, code } = input;
  const stop = request('timer.stop', call.ref, { name: settleTimer(call.ref) });
  return goOn(table, [stop, ...completeCall(table, call.ref, { ok, text, truncated: false, ...(code === undefined ? {} : { code }) })], state);
}

/** A call that could not be put to the coordinator has failed, unless it was answered all the same. */
function unsent(table: AgentTable, input: EffectFailed, state: AgentState): AgentVerdict {
  const call = unsettledCall(table, input.ref);
  if (call === undefined) return { emit: [] };
  const stop = request('timer.stop', call.ref, { name: settleTimer(call.ref) });
  return goOn(table, [stop, ...completeCall(table, call.ref, { ok: false, text: toolFailure(input), truncated: false, code: input.code })], state);
}

/** The model is told of a failed tool as data; it may try something else. */
function toolFailure({ code, message }: EffectFailed): string {
  if (code === 'outcome_unknown') return 'The worker died while this tool was running. Whether it took effect is not known: check before you do it again.';
  return `error ${code}: ${message}`;
}

function ask(table: AgentTable, then: 'thinking' | 'acting', need: Need, before: readonly Emitted[]): AgentVerdict {
  table.onGrant = then;
  table.asks += 1;
  const message = { type: 'budget.ask', task: table.task, attempt: table.attempt, ...need, used: { ...table.usage } };
  return {
    go: 'waiting',
    emit: [...before, fact('budget.asked', { task: table.task, ...need }), request('message.send', askRef(table), { to: 'coordinator', message })],
  };
}

function granted(table: AgentTable, input: Extract<AgentInput, { type: 'budget.granted' }>): AgentVerdict {
  const { ticks, tokens, toolCalls, costMicroUsd } = table.allotment;
  table.allotment = { ticks, tokens: tokens + input.tokens, toolCalls: toolCalls + input.toolCalls, costMicroUsd: costMicroUsd + input.costMicroUsd };
  const then = table.onGrant;
  table.onGrant = null;
  if (then === null) return { emit: [] };
  return then === 'acting' ? goOn(table, [], 'waiting') : callModel(table, []);
}

/** Names the sending of the last ask for budget. */
function askRef(table: AgentTable): string {
  return `ask-${table.asks}`;
}

function charge(table: AgentTable, tokens: number, estimated: boolean): void {
  table.usage.tokens += tokens;
  if (estimated) table.usage.estimated = true;
}

function specOf(table: AgentTable): TaskSpec {
  if (table.spec === null) throw new Error('an agent has no task before agent.assign');
  return table.spec;
}
