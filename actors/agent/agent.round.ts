import type { ToolSpec } from '../../protocols/goals/task.ts';
import { type Emitted, fact, request } from '../cell/kind.ts';
import type { ModelToolCall } from '../ports/models.ts';
import { askCoordinator, swarmRefusal } from './agent.swarm-tools.ts';
import type { AgentTable, RoundCall } from './agent.table.ts';
import { excerptCharsMax, toolCallsPerRoundMax } from './bounds.ts';

/** How a tool call ended. */
interface CallEnd {
  readonly ok: boolean;
  readonly text: string;
  readonly truncated: boolean;
  readonly code?: string;
}

/** Takes the calls of a reply as the new round. Those that cannot run are answered at once, as data for the model. */
export function beginRound(table: AgentTable, modelCall: string, calls: readonly ModelToolCall[]): Emitted[] {
  const emitted: Emitted[] = [];
  table.round = [];
  for (const [index, call] of calls.entries()) {
    const ref = `${modelCall}.${index}`;
    table.round.push({ ref, id: call.id, name: call.name, input: call.input ?? null, state: 'waiting', approved: false, ok: false, text: '' });
    const asks = toolOf(table, call.name)?.asks === true ? { asks: true } : {};
    emitted.push(fact('tool.requested', { call: ref, name: call.name, input: excerpt(call.input), ...asks }));
    const refusal = refusalOf(table, call, index);
    if (refusal !== undefined) emitted.push(...completeCall(table, ref, { ok: false, truncated: false, ...refusal }));
  }
  return emitted;
}

/** Starts what may run now: parallel calls together, any other alone, in the order of the reply. What needs an approval is asked for at once. */
export function startCalls(table: AgentTable): Emitted[] {
  const emitted: Emitted[] = askApprovals(table);
  let running = table.round.some((call) => call.state === 'running');
  for (const call of table.round) {
    if (call.state === 'done') continue;
    // What comes after it may depend on it: an open question holds up the calls that do not run beside others.
    if (call.state === 'asking') {
      running = true;
      continue;
    }
    const parallel = toolOf(table, call.name)?.parallel === true;
    if (call.state === 'running') {
      if (parallel) continue;
      break;
    }
    if (!parallel && running) break;
    call.state = 'running';
    running = true;
    table.usage.toolCalls += 1;
    if (toolOf(table, call.name)?.via === 'coordinator') emitted.push(...askCoordinator(table, call));
    else emitted.push(request('tool.run', call.ref, { name: call.name, input: call.input, repeatable: toolOf(table, call.name)?.repeatable === true }));
    if (!parallel) break;
  }
  return emitted;
}

/** The name of the timer that ends the wait for a decision on a call. */
export function approvalTimer(ref: string): string {
  return `approval-${ref}`;
}

function askApprovals(table: AgentTable): Emitted[] {
  const emitted: Emitted[] = [];
  const waitMs = table.spec?.approval?.waitMs;
  for (const call of table.round) {
    if (call.state !== 'waiting' || call.approved || toolOf(table, call.name)?.asks !== true) continue;
    call.state = 'asking';
    if (waitMs !== undefined) emitted.push(request('timer.start', call.ref, { name: approvalTimer(call.ref), ms: waitMs }));
  }
  return emitted;
}

/** Takes a decision on a call that waits for one; a second decision changes nothing. */
export function decideCall(table: AgentTable, ref: string, decision: { readonly allow: boolean; readonly by: string; readonly reason?: string }): Emitted[] {
  const call = table.round.find((one) => one.ref === ref);
  if (call?.state !== 'asking') return [];
  const { allow, by, reason } = decision;
  const stop = request('timer.stop', ref, { name: approvalTimer(ref) });
  const told = { call: ref, name: call.name, by, ...(reason === undefined ? {} : { reason }) };
  if (allow) {
    call.state = 'waiting';
    call.approved = true;
    return [stop, fact('tool.approved', told)];
  }
  const text = `error tool_denied: ${by} did not allow this call${reason === undefined ? '' : `: ${reason}`}`;
  return [stop, fact('tool.denied', told), ...completeCall(table, ref, { ok: false, text, truncated: false, code: 'tool_denied' })];
}

/** Notes how a call ended and tells it. */
export function completeCall(table: AgentTable, ref: string, end: CallEnd): Emitted[] {
  const call = table.round.find((one): one is RoundCall => one.ref === ref);
  if (call === undefined) throw new Error(`there is no tool call ${ref} in this round`);
  call.state = 'done';
  call.ok = end.ok;
  call.text = end.text;
  if (toolOf(table, call.name)?.writes === true) table.wrote = true;
  return [
    fact('tool.completed', {
      call: ref,
      name: call.name,
      ok: end.ok,
      text: end.text.slice(0, excerptCharsMax),
      truncated: end.truncated,
      ...(end.code === undefined ? {} : { code: end.code }),
    }),
  ];
}

function refusalOf(table: AgentTable, call: ModelToolCall, index: number): { code: string; text: string } | undefined {
  if (index >= toolCallsPerRoundMax)
    return { code: 'tool_not_permitted', text: `error tool_not_permitted: at most ${toolCallsPerRoundMax} calls in one round` };
  if (call.malformed !== undefined)
    return { code: 'tool_input_invalid', text: `error tool_input_invalid: the arguments are not JSON: ${call.malformed.slice(0, 200)}` };
  const tool = toolOf(table, call.name);
  if (tool === undefined)
    return {
      code: 'tool_unknown',
      text: `error tool_unknown: there is no tool '${call.name}'; there are ${(table.spec?.tools ?? []).map(({ name }) => name).join(', ') || 'none'}`,
    };
  return tool.via === 'coordinator' ? swarmRefusal(call.name, call.input) : undefined;
}

function toolOf(table: AgentTable, name: string): ToolSpec | undefined {
  return table.spec?.tools.find((tool) => tool.name === name);
}

/** Arguments as a fact shows them: whole when short. */
function excerpt(input: unknown): unknown {
  const text = JSON.stringify(input ?? null);
  return text.length <= excerptCharsMax ? (input ?? null) : `${text.slice(0, excerptCharsMax)}…`;
}
