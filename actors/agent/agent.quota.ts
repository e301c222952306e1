import { type Emitted, fact } from '../cell/kind.ts';
import type { ModelMessage } from '../ports/models.ts';
import type { AgentTable } from './agent.table.ts';
import { outputTokensMin, quotaWarnShare } from './bounds.ts';

/** Characters to a token, on the careful side; only for reservations, never for bills. */
const charsPerToken = 3;
/** Micro-dollars in a dollar. */
const microUsd = 1_000_000;

/** What an agent asks its coordinator for. Money in micro-dollars. */
export interface Need {
  readonly tokens: number;
  readonly toolCalls: number;
  readonly costMicroUsd: number;
}

/** A careful estimate of the tokens that a transcript and its tools cost as input. */
export function estimateInputTokens(messages: readonly ModelMessage[], toolsChars: number): number {
  let chars = toolsChars;
  for (const message of messages) {
    chars += message.text.length + 16;
    if (message.role !== 'assistant') continue;
    if (message.carry !== undefined) chars += JSON.stringify(message.carry.data).length;
    for (const call of message.toolCalls) chars += JSON.stringify(call.input ?? '').length + call.name.length;
  }
  return Math.ceil(chars / charsPerToken);
}

/** What a call may reserve: `output` is its cap, `total` what is held until the reply; undefined when the allotment is too small. */
export function reserveCall(table: AgentTable, outputTokensMax: number, inputTokens: number): { output: number; total: number } | undefined {
  const { tokens, costMicroUsd } = shortOf(table, outputTokensMax, inputTokens);
  if (tokens > 0 || costMicroUsd > 0) return undefined;
  const output = Math.min(outputTokensMax, table.allotment.tokens - table.usage.tokens - inputTokens);
  return { output, total: inputTokens + output };
}

/** What an agent must be granted before its next call; nothing when the call fits its allotment. */
export function shortOf({ allotment, usage }: AgentTable, outputTokensMax: number, inputTokens: number): Need {
  const worthACall = inputTokens + Math.min(outputTokensMin, outputTokensMax);
  const tokens = allotment.tokens - usage.tokens < worthACall ? inputTokens + outputTokensMax : 0;
  const costMicroUsd = usage.costMicroUsd > 0 && usage.costMicroUsd >= allotment.costMicroUsd ? usage.costMicroUsd - allotment.costMicroUsd + 1 : 0;
  return { tokens, toolCalls: 0, costMicroUsd };
}

/** `quota.warned` once for each quota of this agent that has passed its share. Money in dollars, as the quota has it. */
export function warnings(table: AgentTable): Emitted[] {
  const { allotment, usage, ticks, warned } = table;
  const told: Emitted[] = [];
  const check = (quota: string, used: number, limit: number, limitMin: number, unit = 1): void => {
    if (limit < limitMin || used < Math.ceil(limit * quotaWarnShare) || warned.includes(quota)) return;
    warned.push(quota);
    told.push(fact('quota.warned', { quota, used: used / unit, limit: limit / unit }));
  };
  // Of a single round or call the first use is the last: nothing is left to be warned of.
  check('maxTicks', ticks, allotment.ticks, 2);
  check('maxTokens', usage.tokens, allotment.tokens, 1);
  check('maxToolCalls', usage.toolCalls, allotment.toolCalls, 2);
  check('maxCostUsd', usage.costMicroUsd, allotment.costMicroUsd, 1, microUsd);
  return told;
}
