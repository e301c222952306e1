import type { ModelReply } from '../../../actors/ports/models.ts';
import { closedCalls, type OpenCall } from '../open-call.ts';
import { ReplyMeter } from '../reply-meter.ts';
import type { ReplyBuilderOptions, ReplyBuilding } from '../streamed-call.ts';
import { type CarriedBlock, carryOf } from './carry.ts';
import { type ContentBlock, type KnownEvent, laterUsage, readEvent, tokenUsageOf, type WireUsage } from './event.ts';

/** Puts the events of one stream together. Throws `model_malformed` and, when the end marker is missing, `model_cut`. */
export class ReplyBuilder implements ReplyBuilding {
  readonly #options: ReplyBuilderOptions;
  readonly #meter: ReplyMeter;
  readonly #text: string[] = [];
  readonly #calls: OpenCall[] = [];
  /** The tool call of a content block, by the block's index. */
  readonly #byIndex = new Map<number, OpenCall>();
  /** What a block began with, for servers that send the arguments whole. */
  readonly #began = new Map<OpenCall, unknown>();
  /** The blocks in their order, by the index that the wire gives them. */
  readonly #blocks = new Map<number, CarriedBlock>();
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
    const carry = carryOf(
      this.#options.model,
      [...this.#blocks.values()].flatMap((block) => this.#carried(block)),
    );
    return {
      text: this.#text.join(''),
      toolCalls,
      finish: finishOf(this.#reason, toolCalls.length),
      usage: this.#usage === undefined ? null : tokenUsageOf(this.#usage),
      answeredBy: this.#answeredBy ?? this.#options.model,
      ...(carry === undefined ? {} : { carry }),
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
        this.#addThinking(event.index, event.delta);
        return this.#addText(event.index, event.delta.type === 'text_delta' ? event.delta.text : '');
      case 'message_delta':
        this.#reason = event.delta.stop_reason ?? this.#reason;
        this.#countUsage(event.usage);
        return '';
      case 'message_stop':
        this.#ended = true;
        return '';
    }
  }

  /** Thinking is not for the agent, but goes back to the model; the blocks of tools that run at the provider are neither. */
  #begin(index: number, block: ContentBlock): string {
    if (block.type === 'text') {
      this.#blocks.set(index, { type: 'text', chars: 0 });
      return this.#addText(index, block.text);
    }
    if (block.type === 'thinking') {
      this.#blocks.set(index, { type: 'thinking', thinking: '', signature: '' });
      this.#addThinking(index, block);
    } else if (block.type === 'redacted_thinking') {
      this.#blocks.set(index, { type: 'redacted_thinking', data: block.data ?? '' });
      this.#meter.count(block.data?.length ?? 0);
    }
    if (block.type !== 'tool_use') return '';
    this.#meter.countCall();
    this.#blocks.set(index, { type: 'tool_use', call: this.#calls.length });
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

  #addThinking(
    index: number,
    { thinking, signature }: { readonly thinking?: string | null | undefined; readonly signature?: string | null | undefined },
  ): void {
    const block = this.#blocks.get(index);
    if (block?.type !== 'thinking') return;
    block.thinking += thinking ?? '';
    block.signature += signature ?? '';
    this.#meter.count((thinking ?? '').length + (signature ?? '').length);
  }

  /** Thinking that nobody signed is a server's own way to show its work; it wants nothing of it back. */
  #carried(block: CarriedBlock): readonly CarriedBlock[] {
    return block.type === 'thinking' && block.signature === '' ? [] : [block];
  }

  #addText(index: number, text: string | null | undefined): string {
    if (text === null || text === undefined || text === '') return '';
    this.#text.push(text);
    const block = this.#blocks.get(index);
    if (block?.type === 'text') block.chars += text.length;
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
