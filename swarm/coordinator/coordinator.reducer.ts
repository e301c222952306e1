import { fact, request, type StampedInput, type Verdict } from '../../actors/cell/kind.ts';
import { available, grantMore, openLedger, raiseLimits } from '../ledger/ledger.ts';
import { strategyOf } from '../strategies/index.ts';
import { joinRetryMs, joinRetryMsMax } from './bounds.ts';
import type { CoordinatorState } from './coordinator.chart.ts';
import { cancel, fail, joined, joinRef, pause, proceed } from './coordinator.endings.ts';
import { asCoordinatorInput, type CoordinatorInput, type GoalAccept } from './coordinator.inputs.ts';
import { isLimit } from './coordinator.limits.ts';
import { lateAsked, swarmAsked } from './coordinator.messages.ts';
import { planFacts } from './coordinator.plan.ts';
import { acceptOf, attemptRef, type CoordinatorTable, ledgerOf, taskIndex } from './coordinator.table.ts';
import { limitReached, taskEnded } from './coordinator.tasks.ts';
import { retryStragglers, tellAgent } from './coordinator.window.ts';

type CoordinatorVerdict = Verdict<CoordinatorState>;

const ended: ReadonlySet<CoordinatorState> = new Set(['completed', 'failed', 'cancelled']);

/** Decides what a goal does next. Pure but for the table. */
export function reduceCoordinator(table: CoordinatorTable, stamped: StampedInput, state: string): Verdict {
  const input = asCoordinatorInput(stamped);
  const verdict = ended.has(state as CoordinatorState) ? late(input) : decide(table, input, state as CoordinatorState);
  return {
    ...verdict,
    context: {
      strategy: table.accept?.strategy.type ?? '',
      tasks: table.tasks.length,
      running: table.running,
      completed: table.completed,
      failed: table.failed,
      tokens: table.ledger?.spent.tokens ?? 0,
    },
  };
}

function decide(table: CoordinatorTable, input: CoordinatorInput, state: CoordinatorState): CoordinatorVerdict {
  switch (input.type) {
    case 'goal.accept':
      return accepted(table, input);
    case 'cell.opened':
      return state === 'accepted' ? started(table, input.at) : { emit: [] };
    case 'task.ended':
      return taskEnded(table, input, input.at);
    case 'timer.fired':
      return fired(table, input.name, input.at);
    case 'message.stored':
      return { emit: [] };
    case 'result.joined':
      return joined(table, input.at, input);
    case 'effect.failed':
      return input.ref === joinRef ? joinFailed(table, input) : pushFailed(table, input, input.at);
    case 'budget.ask':
      return asked(table, input);
    case 'memory.ask':
    case 'agent.tell':
      return swarmAsked(table, input);
    case 'goal.note':
      return {
        emit: table.tasks.flatMap((task, index) => task.open.map((attempt) => tellAgent(table, index, attempt, { type: 'agent.note', text: input.text }))),
      };
    case 'goal.cancel':
      return cancel(table, input.at, input.reason);
    case 'goal.resume':
      return resumed(table, input, state);
  }
}

function accepted(table: CoordinatorTable, input: GoalAccept): CoordinatorVerdict {
  table.accept = input;
  table.ledger = openLedger(input.quota);
  const { goal, strategy, agents, quota, profile, workspace } = input;
  const shown = goal.length > 4_000 ? `${goal.slice(0, 4_000)}…` : goal;
  const data = {
    goal: shown,
    strategy,
    agents,
    quota,
    profile: profile.name,
    model: profile.model,
    modelWhy: profile.modelWhy,
    files: workspace?.files ?? 0,
    parts: input.plan.count,
  };
  return { go: 'accepted', emit: [fact('goal.accepted', data)] };
}

function started(table: CoordinatorTable, at: number): CoordinatorVerdict {
  const { strategy, plan, quota, agents, workspace, fanIn } = acceptOf(table);
  table.startedAt = at;
  table.plan = strategyOf(strategy.type).begin({
    options: strategy,
    parts: plan.count,
    agents,
    files: workspace?.files ?? 0,
    ...(fanIn === undefined ? {} : { fanIn }),
  });
  const emitted = [
    fact('goal.started', { strategy: strategy.type }),
    ...planFacts(table),
    request('timer.start', 'deadline', { name: 'deadline', ms: Math.ceil(quota.maxSeconds * 1_000) }),
  ];
  return proceed(table, at, emitted, 'running');
}

function fired(table: CoordinatorTable, name: string, at: number): CoordinatorVerdict {
  if (name === joinRef) return joinAgain(table, at);
  if (isLimit(name)) return limitReached(table, name, at);
  if (name === 'straggler') return { emit: retryStragglers(table, at) };
  const { quota } = acceptOf(table);
  const verdict = pause(table, 'maxSeconds', Math.round((at - table.startedAt) / 1_000), quota.maxSeconds, []);
  // Time is up for those at work too; their tasks wait for the next try.
  return { ...verdict, emit: [...verdict.emit, ...stopForPause(table)] };
}

function stopForPause(table: CoordinatorTable): CoordinatorVerdict['emit'] {
  return table.tasks.flatMap((task, index) =>
    task.open.map((attempt) => {
      table.stopped.push(attemptRef(index, attempt));
      return tellAgent(table, index, attempt, { type: 'agent.cancel', reason: 'the goal is paused: maxSeconds' });
    }),
  );
}

/** A push that cannot be stored for good ends the goal; a message that cannot be delivered is only lost to its agent, which the retry rules cover. */
function pushFailed(table: CoordinatorTable, input: Extract<CoordinatorInput, { type: 'effect.failed' }>, at: number): CoordinatorVerdict {
  if (!input.ref.startsWith('t')) return { emit: [] };
  return fail(table, at, 'internal', `task ${input.ref} could not be handed to a worker: ${input.code} ${input.message}`, []);
}

/** Putting results together writes a blob: a store that is full or away for a while is tried again. */
function joinFailed(table: CoordinatorTable, input: Extract<CoordinatorInput, { type: 'effect.failed' }>): CoordinatorVerdict {
  if (!input.retryable) return fail(table, input.at, 'internal', `the results could not be put together: ${input.code} ${input.message}`, []);
  table.joinTries += 1;
  const ms = Math.min(joinRetryMs * 2 ** Math.min(table.joinTries - 1, 10), joinRetryMsMax);
  return { emit: [request('timer.start', joinRef, { name: joinRef, ms })] };
}

function joinAgain(table: CoordinatorTable, at: number): CoordinatorVerdict {
  table.joining = false;
  return proceed(table, at, []);
}

function asked(table: CoordinatorTable, input: Extract<CoordinatorInput, { type: 'budget.ask' }>): CoordinatorVerdict {
  const index = taskIndex(input.task);
  const ledger = ledgerOf(table);
  const attempt = attemptRef(index, input.attempt);
  // It ended before its question came: nothing may be reserved that nobody would give back.
  if (ledger.reserved[attempt] === undefined) return { emit: [] };
  const granted = grantMore(ledger, attempt, input);
  if (!('short' in granted)) {
    return {
      emit: [
        fact('budget.granted', { task: input.task, attempt: input.attempt, ...granted }),
        tellAgent(table, index, input.attempt, { type: 'budget.granted', ...granted }),
      ],
    };
  }
  table.refusedBy = granted.short;
  const message = `${granted.short} of the goal is used up or reserved`;
  const left = available(ledger);
  return {
    emit: [
      fact('budget.refused', { task: input.task, attempt: input.attempt, quota: granted.short, left }),
      tellAgent(table, index, input.attempt, { type: 'budget.refused', quota: granted.short, message }),
    ],
  };
}

function resumed(table: CoordinatorTable, input: Extract<CoordinatorInput, { type: 'goal.resume' }>, state: CoordinatorState): CoordinatorVerdict {
  const accept = acceptOf(table);
  if (input.quota !== undefined) {
    const quota = { ...accept.quota, ...input.quota };
    table.accept = { ...accept, quota };
    raiseLimits(ledgerOf(table), quota);
  }
  if (state !== 'paused') return { emit: [] };
  table.pausedBy = null;
  table.refusedBy = null;
  const { quota } = acceptOf(table);
  const emitted = [fact('goal.resumed', { quota }), request('timer.start', 'deadline', { name: 'deadline', ms: Math.ceil(quota.maxSeconds * 1_000) })];
  return proceed(table, input.at, emitted, 'running');
}

/** After the end nothing is decided any more; what stragglers tell is kept. */
function late(input: CoordinatorInput): CoordinatorVerdict {
  if (input.type === 'memory.ask' || input.type === 'agent.tell') return { emit: lateAsked(input, 'goal_ended') };
  if (input.type !== 'task.ended') return { emit: [] };
  return { emit: [fact('task.superseded', { task: input.task, attempt: input.attempt, outcome: input.outcome })] };
}
