import type { ModelReply } from '../../../actors/ports/models.ts';
import type { ModelBounds } from '../bounds.ts';
import { closedCalls, type OpenCall } from '../open-call.ts';
import { ReplyMeter } from '../reply-meter.ts';
import type { ToolNames } from '../tool-names.ts';
import { type ContentBlock, type KnownEvent, laterUsage, readEvent, tokenUsageOf, type WireUsage } from './event.ts';

export interface ReplyBuilderOptions extends Pick<ModelBounds, 'replyCharsMax' | 'toolCallsMax'> {
  readonly model: string;
  readonly names: ToolNames;
  /** The count of assistant messages so far, for the ids of calls that came without one. */
  readonly round: number;
}

/** Puts the events of one stream together. Throws `model_malformed` and, when the end marker is missing, `model_cut`. */
export class ReplyBuilder {
  readonly #options: ReplyBuilderOptions;
  readonly #meter: ReplyMeter;
  readonly #text: string[] = [];
  readonly #calls: OpenCall[] = [];
  /** The tool call of a content block, by the block's index. */
  readonly #byIndex = new Map<number, OpenCall>();
  /** What a block began with, for servers that send the arguments whole. */
  readonly #began = new Map<OpenCall, unknown>();
  #reason: string | undefined;
  #usage: WireUsage | undefined;
  #answeredBy: string | undefined;
  #ended = false;

  constructor(options: ReplyBuilderOptions) {
    this.#options = options;
    this.#meter = new ReplyMeter({ ...options, expected: 'a server that speaks Anthropic Messages' });
  }

  /** The end marker has come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Answers the text that the event adds. */
  add(event: unknown): string {
    const read = readEvent(event);
    if ('misfit' in read) throw this.#meter.malformed(`an event that does not fit the wire format at "${read.misfit}"`, { path: read.misfit });
    return read.event === undefined ? '' : this.#take(read.event);
  }

  finish(): Omit<ModelReply, 'costMicroUsd'> {
    if (!this.#ended) throw this.#meter.cut('message_stop');
    for (const [call, input] of this.#began) call.json ||= JSON.stringify(input);
    const toolCalls = closedCalls(this.#calls, this.#options.names, this.#options.round);
    return {
      text: this.#text.join(''),
      toolCalls,
      finish: finishOf(this.#reason, toolCalls.length),
      usage: this.#usage === undefined ? null : tokenUsageOf(this.#usage),
      answeredBy: this.#answeredBy ?? this.#options.model,
    };
  }

  #take(event: KnownEvent): string {
    switch (event.type) {
      case 'message_start':
        this.#answeredBy ??= event.message.model ?? undefined;
        this.#countUsage(event.message.usage);
        return '';
      case 'content_block_start':
        return this.#begin(event.index, event.content_block);
      case 'content_block_delta':
        this.#addArguments(event.index, event.delta.partial_json ?? '');
        return this.#addText(event.delta.type === 'text_delta' ? event.delta.text : '');
      case 'message_delta':
        this.#reason = event.delta.stop_reason ?? this.#reason;
        this.#countUsage(event.usage);
        return '';
      case 'message_stop':
        this.#ended = true;
        return '';
    }
  }

  /** Thinking and the blocks of tools that run at the provider are not for the agent. */
  #begin(index: number, block: ContentBlock): string {
    if (block.type === 'text') return this.#addText(block.text);
    if (block.type !== 'tool_use') return '';
    this.#meter.countCall();
    const call: OpenCall = { id: block.id ?? '', name: block.name ?? '', json: '' };
    this.#calls.push(call);
    this.#byIndex.set(index, call);
    if (block.input !== undefined && block.input !== null) {
      this.#began.set(call, block.input);
      this.#meter.count(JSON.stringify(block.input).length);
    }
    return '';
  }

  #addArguments(index: number, json: string): void {
    const call = this.#byIndex.get(index);
    if (call === undefined) return;
    call.json += json;
    this.#meter.count(json.length);
  }

  #addText(text: string | null | undefined): string {
    if (text === null || text === undefined || text === '') return '';
    this.#text.push(text);
    this.#meter.count(text.length);
    return text;
  }

  #countUsage(usage: WireUsage | null | undefined): void {
    if (usage !== null && usage !== undefined) this.#usage = laterUsage(this.#usage, usage);
  }
}

function finishOf(reason: string | undefined, toolCalls: number): ModelReply['finish'] {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
    case 'tool_use':
      // Some servers say `end_turn` although they call tools.
      return toolCalls > 0 ? 'tool-calls' : 'stop';
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'refusal':
      return 'content-filter';
    default:
      return 'other';
  }
}
