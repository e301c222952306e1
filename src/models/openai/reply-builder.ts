import type { ModelReply } from '../../../actors/ports/models.ts';
import type { TokenUsage } from '../../../protocols/goals/goal.ts';
import { closedCalls, type OpenCall } from '../open-call.ts';
import { ReplyMeter } from '../reply-meter.ts';
import type { ReplyBuilderOptions, ReplyBuilding } from '../streamed-call.ts';
import { type ToolCallDelta, tokenUsageOf, wireChunk } from './chunk.ts';

/** Puts the chunks of one stream together. Throws `model_malformed` and, when the end marker is missing, `model_cut`. */
export class ReplyBuilder implements ReplyBuilding {
  readonly #options: ReplyBuilderOptions;
  readonly #meter: ReplyMeter;
  readonly #text: string[] = [];
  readonly #calls: OpenCall[] = [];
  /** Which call the next delta of a wire index belongs to. */
  readonly #byIndex = new Map<number, OpenCall>();
  #reason: string | undefined;
  #usage: TokenUsage | null = null;
  #answeredBy: string | undefined;

  constructor(options: ReplyBuilderOptions) {
    this.#options = options;
    this.#meter = new ReplyMeter({ ...options, expected: 'an OpenAI-compatible server' });
  }

  /** The end marker has come. */
  get ended(): boolean {
    return this.#reason !== undefined;
  }

  /** Answers the text that the chunk adds. */
  add(chunk: unknown): string {
    const read = wireChunk.safeParse(chunk);
    if (!read.success) {
      const path = read.error.issues[0]?.path.join('.') ?? '';
      throw this.#meter.malformed(`a chunk that does not fit the wire format at "${path}"`, { path });
    }
    const { choices, usage, model } = read.data;
    this.#answeredBy ??= model ?? undefined;
    if (usage !== null && usage !== undefined) this.#usage = tokenUsageOf(usage);
    const choice = choices?.[0];
    const text = `${choice?.delta?.content ?? ''}${choice?.delta?.refusal ?? ''}`;
    if (text !== '') this.#text.push(text);
    this.#meter.count(text.length);
    for (const delta of choice?.delta?.tool_calls ?? []) this.#addToolCall(delta);
    this.#reason ??= choice?.finish_reason ?? undefined;
    return text;
  }

  finish(): Omit<ModelReply, 'costMicroUsd'> {
    if (this.#reason === undefined) throw this.#meter.cut('finish_reason');
    const toolCalls = closedCalls(this.#calls, this.#options.names, this.#options.round);
    return {
      text: this.#text.join(''),
      toolCalls,
      finish: finishOf(this.#reason, toolCalls.length),
      usage: this.#usage,
      answeredBy: this.#answeredBy ?? this.#options.model,
    };
  }

  #addToolCall(delta: ToolCallDelta): void {
    const call = this.#openCall(delta);
    call.name += delta.function?.name ?? '';
    const piece = delta.function?.arguments ?? '';
    const json = typeof piece === 'string' ? piece : JSON.stringify(piece);
    call.json += json;
    this.#meter.count(json.length);
  }

  /** Some servers send whole calls that all carry index 0, and some no index at all: a new id then begins a new call. */
  #openCall(delta: ToolCallDelta): OpenCall {
    const index = delta.index ?? 0;
    const open = this.#byIndex.get(index);
    if (open !== undefined && (!delta.id || open.id === '' || open.id === delta.id)) {
      if (delta.id) open.id = delta.id;
      return open;
    }
    this.#meter.countCall();
    const call: OpenCall = { id: delta.id ?? '', name: '', json: '' };
    this.#calls.push(call);
    this.#byIndex.set(index, call);
    return call;
  }
}

function finishOf(reason: string, toolCalls: number): ModelReply['finish'] {
  switch (reason) {
    case 'stop':
    case 'tool_calls':
    case 'function_call':
      // Some servers say `stop` although they call tools.
      return toolCalls > 0 ? 'tool-calls' : 'stop';
    case 'length':
      return 'length';
    case 'content_filter':
      return 'content-filter';
    default:
      return 'other';
  }
}
