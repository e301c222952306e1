import { type Emitted, fact } from '../cell/kind.ts';
import type { ModelMessage } from '../ports/models.ts';
import { outputTokensMin, quotaWarnShare } from './bounds.ts';
import type { AgentTable } from './agent.table.ts';

/** Characters to a token, on the careful side; only for reservations, never for bills. */
const charsPerToken = 3;

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
  const left = table.allotment.tokens - table.usage.tokens;
  const output = Math.min(outputTokensMax, left - inputTokens);
  if (output < Math.min(outputTokensMin, outputTokensMax)) return undefined;
  if (table.usage.costMicroUsd > 0 && table.usage.costMicroUsd >= table.allotment.costMicroUsd) return undefined;
  return { output, total: inputTokens + output };
}

/** `quota.warned` once for each quota of this agent that has passed its share. */
export function warnings(table: AgentTable): Emitted[] {
  const { ticks } = table.allotment;
  if (table.warned.includes('maxTicks') || ticks < 2 || table.ticks < Math.ceil(ticks * quotaWarnShare)) return [];
  table.warned.push('maxTicks');
  return [fact('quota.warned', { quota: 'maxTicks', used: table.ticks, limit: ticks })];
}
