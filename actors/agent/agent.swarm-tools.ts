import { readSwarmCall, swarmCallShape } from '../../protocols/goals/swarm-tools.ts';
import { type Emitted, request } from '../cell/kind.ts';
import type { AgentTable, RoundCall } from './agent.table.ts';
import { settleRetryMs } from './bounds.ts';

const prefix = 'tell-';

/** The name of the timer that ends the wait for the coordinator's answer to a call. */
export function settleTimer(ref: string): string {
  return `${prefix}${ref}`;
}

/** Why a call cannot be put to the coordinator; undefined when it can. */
export function swarmRefusal(name: string, input: unknown): { readonly code: string; readonly text: string } | undefined {
  if (readSwarmCall(name, input) !== undefined) return undefined;
  return { code: 'tool_input_invalid', text: `error tool_input_invalid: the arguments of ${name} are ${swarmCallShape(name)}` };
}

/**
 * Puts a call to the coordinator of the goal, by a message. It is carried out once, however often it is asked for: the coordinator knows
 * calls by their name. So an agent that hears nothing asks again.
 */
export function askCoordinator(table: AgentTable, call: RoundCall): Emitted[] {
  call.asks = (call.asks ?? 0) + 1;
  const { ref, name, input } = call;
  const type = name === 'agent.tell' ? 'agent.tell' : 'memory.ask';
  const message = { type, task: table.task, attempt: table.attempt, call: ref, tool: name, input };
  return [
    request('message.send', `${settleTimer(ref)}-${call.asks}`, { to: 'coordinator', message }),
    request('timer.start', ref, { name: settleTimer(ref), ms: settleRetryMs }),
  ];
}

/** The call of this round whose timer has fired, or whose message could not be sent; undefined for any other name, or when it has been answered. */
export function unsettledCall(table: AgentTable, name: string): RoundCall | undefined {
  if (!name.startsWith(prefix)) return undefined;
  return table.round.find((call) => call.state === 'running' && (name === settleTimer(call.ref) || name.startsWith(`${settleTimer(call.ref)}-`)));
}

/** True for the names that `askCoordinator` gives. */
export function isSettleName(name: string): boolean {
  return name.startsWith(prefix);
}
