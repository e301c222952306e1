import { type Emitted, fact } from '../cell/kind.ts';
import type { ModelMessage } from '../ports/models.ts';
import type { AgentTable } from './agent.table.ts';
import { outputTokensMin, quotaWarnShare } from './bounds.ts';

/** Characters to a token, on the careful side; only for reservations, never for bills. */
const charsPerToken = 3;

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
    if (message.role === 'assistant') for (const call of message.toolCalls) chars += JSON.stringify(call.input ?? '').length + call.name.length;
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

/** `quota.warned` once for each quota of this agent that has passed its share. */
export function warnings(table: AgentTable): Emitted[] {
  const { ticks } = table.allotment;
  if (table.warned.includes('maxTicks') || ticks < 2 || table.ticks < Math.ceil(ticks * quotaWarnShare)) return [];
  table.warned.push('maxTicks');
  return [fact('quota.warned', { quota: 'maxTicks', used: table.ticks, limit: ticks })];
}
