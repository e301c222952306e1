import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelCallOptions, ModelReply, ModelRequest, ModelToolCall } from '../../../actors/ports/models.ts';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { ModelAdapter } from '../adapter.ts';
import { answerOf } from './answer.ts';
import { type Brief, briefOf } from './brief.ts';
import { choiceCalls, choiceOf, isChoice, proposal } from './choose/propose.ts';
import { type Evidence, evidenceOf } from './evidence.ts';
import { nextCalls, type PlannedCall } from './plan.ts';
import { type Settling, settlingCalls, settlingOf } from './settle/settle.ts';
import { mergedSettlement, settleReport } from './settle/settle-report.ts';
import { splitOf } from './split.ts';
import { inputTokens, outputTokens, tokensOf } from './token-count.ts';
import { voteOf } from './vote.ts';

/** The one model of the provider `offline`. */
const extractive = 'extractive';
/** Roles that answer from what they are given. */
const toolless: ReadonlySet<string> = new Set(['reduce', 'split', 'vote', 'decide']);

/**
 * A model without weights and without a network: it searches and reads with the tools it is given, quotes the lines that
 * answer the goal, and ranks them by what they show. The same request always gives the same reply.
 */
export class OfflineAdapter implements ModelAdapter {
  async call(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply> {
    if (name !== extractive) {
      throw new FlockworkError('model_unknown', `The provider offline has no model "${name}". Its one model is offline/${extractive}.`, {
        details: { model: request.model },
      });
    }
    this.#expectOwner(options, request);
    const brief = briefOf(request.messages);
    const evidence = evidenceOf(brief);
    const settling = settlingOf(brief);
    const calls = toolless.has(brief.role) ? [] : callsOf(brief, evidence, request, settling);
    const toolCalls = calls.map((call, index): ModelToolCall => ({ id: `call-${brief.rounds.length + 1}-${index + 1}`, name: call.name, input: call.input }));
    const text = toolCalls.length > 0 ? saying(toolCalls) : textOf(brief, evidence, request.outputTokensMax, settling);
    const said = toolCalls.length > 0 ? text : cutTo(text, request.outputTokensMax);
    await this.#stream(said, request, options);
    return {
      text: said,
      toolCalls,
      finish: toolCalls.length > 0 ? 'tool-calls' : said === text ? 'stop' : 'length',
      usage: { input: inputTokens(request.messages), cacheRead: 0, cacheWrite: 0, output: outputTokens(said, toolCalls), reasoning: 0 },
      costMicroUsd: 0,
      answeredBy: request.model,
    };
  }

  async #stream(text: string, request: ModelRequest, options: ModelCallOptions): Promise<void> {
    if (options.onDelta === undefined) return;
    for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      this.#expectOwner(options, request);
      options.onDelta(line);
    }
    await nextTurn();
    this.#expectOwner(options, request);
  }

  #expectOwner({ signal }: ModelCallOptions, request: ModelRequest): void {
    if (signal.aborted) throw new FlockworkError('aborted', `The call of ${request.model} was aborted by its owner.`);
  }
}

function callsOf(brief: Brief, evidence: Evidence, request: ModelRequest, settling: Settling | undefined): readonly PlannedCall[] {
  if (settling !== undefined) return settlingCalls(settling, brief, evidence, request);
  return isChoice(brief) ? choiceCalls(brief, evidence, request) : nextCalls(brief, evidence, request);
}

function textOf(brief: Brief, evidence: Evidence, tokensMax: number, settling: Settling | undefined): string {
  if (settling !== undefined) return settleReport(settling, brief, evidence);
  const merged = mergedSettlement(brief);
  if (merged !== undefined) return merged;
  const choice = choiceOf(brief, evidence);
  if (choice !== undefined) return proposal(brief, choice);
  if (brief.role === 'split') return splitOf(brief);
  return brief.role === 'vote' || brief.role === 'decide' ? voteOf(brief) : answerOf(brief, evidence, tokensMax);
}

function saying(calls: readonly ModelToolCall[]): string {
  const verbs: Readonly<Record<string, string>> = {
    'fs.search': 'Searching',
    'fs.read': 'Reading around the hits',
    'fs.list': 'Listing',
    'fs.patch': 'Patching',
  };
  return `${verbs[calls[0]?.name ?? ''] ?? 'Looking'} (${calls.length} call${calls.length === 1 ? '' : 's'}).`;
}

/** As many words as the bound allows. */
function cutTo(text: string, tokensMax: number): string {
  if (tokensOf(text) <= tokensMax) return text;
  const words = text.match(/\S+\s*/g) ?? [];
  let count = Math.floor(tokensMax / 1.3);
  while (count > 0 && tokensOf(words.slice(0, count).join('')) > tokensMax) count -= 1;
  return words.slice(0, count).join('').trimEnd();
}
