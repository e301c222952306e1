import type { TokenUsage } from '../../../protocols/goals/goal.ts';
import type { Fact, JsonObject } from '../../../protocols/journal/facts.ts';
import type { ActorAddress } from '../../../protocols/subjects.ts';
import { openSpansMax } from './bounds.ts';
import { errorType, genAi, modelAttributes } from './gen-ai.ts';
import { spanIdOf, traceIdOf } from './ids.ts';
import type { Attributes, Span, SpanEvent, SpanSink } from './span.ts';

interface OpenSpan {
  readonly start: number;
  readonly name: string;
  readonly tick: number;
  readonly events: SpanEvent[];
}

/** The spans of one agent: itself, its rounds, and in each round its model call and its tool calls. Folded from its facts. */
export class AgentSpans {
  readonly #address: ActorAddress;
  readonly #traceId: string;
  readonly #spanId: string;
  readonly #emit: SpanSink;
  readonly #events: SpanEvent[] = [];
  readonly #tools = new Map<string, OpenSpan>();
  #start: number | undefined;
  #task = '';
  #role = 'agent';
  #model = '';
  #attempt = 0;
  #tick: { readonly number: number; readonly start: number; readonly id: string } | undefined;
  #call: { readonly name: string; readonly start: number; repeated: boolean } | undefined;

  constructor(address: ActorAddress, emit: SpanSink) {
    this.#address = address;
    this.#traceId = traceIdOf(address.tenant, address.root);
    this.#spanId = this.#id();
    this.#emit = emit;
  }

  /** Takes one fact of the agent, in order. True when it was the last one. */
  take({ type, data }: Fact, at: number, usage?: TokenUsage): boolean {
    switch (type) {
      case 'task.started':
        this.#start = at;
        this.#task = String(data['task']);
        this.#attempt = Number(data['attempt']);
        this.#role = String(data['role'] ?? 'agent');
        this.#model = String(data['model'] ?? '');
        return false;
      case 'cell.opened':
        this.#events.push({ name: 'cell.opened', at, attributes: { 'flockwork.node': String(data['node']), 'flockwork.epoch': Number(data['epoch']) } });
        if (this.#call !== undefined) this.#call.repeated = true;
        return false;
      case 'model.called':
        this.#called(data, at);
        return false;
      case 'model.replied':
        this.#replied(data, at, usage);
        return false;
      case 'model.discarded':
        this.#endCall(at, {}, String(data['code']));
        return false;
      case 'tool.requested':
        if (this.#tools.size < openSpansMax)
          this.#tools.set(String(data['call']), { start: at, name: String(data['name']), tick: this.#tick?.number ?? 0, events: [] });
        return false;
      case 'tool.started':
      case 'tool.approved':
      case 'tool.denied':
        this.#tools
          .get(String(data['call'] ?? data['ref']))
          ?.events.push({ name: type, at, ...(data['by'] === undefined ? {} : { attributes: { 'flockwork.by': String(data['by']) } }) });
        return false;
      case 'tool.completed':
        this.#endTool(data, at);
        return false;
      case 'agent.answered':
      case 'agent.failed':
      case 'actor.poisoned':
        this.#end(type, data, at);
        return true;
      default:
        return false;
    }
  }

  #called(data: JsonObject, at: number): void {
    const number = Number(data['tick']);
    if (this.#tick?.number !== number) {
      this.#endTick(at);
      this.#tick = { number, start: at, id: this.#id('tick', String(number)) };
    }
    this.#call = { name: String(data['call']), start: at, repeated: false };
    this.#model = String(data['model'] ?? this.#model);
  }

  #replied(data: JsonObject, at: number, usage: TokenUsage | undefined): void {
    this.#endCall(at, {
      [genAi.responseModel]: String(data['model']),
      [genAi.finishReasons]: [String(data['finish'])],
      'flockwork.tokens': Number(data['tokens']),
      ...(data['costMicroUsd'] === null ? {} : { 'flockwork.cost_usd': Number(data['costMicroUsd']) / 1e6 }),
      ...(usage === undefined
        ? {}
        : {
            [genAi.inputTokens]: usage.input + usage.cacheRead + usage.cacheWrite,
            [genAi.outputTokens]: usage.output,
            [genAi.cacheReadTokens]: usage.cacheRead,
          }),
    });
  }

  #endCall(at: number, attributes: Attributes, error?: string): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    const { provider, name } = modelAttributes(this.#model);
    this.#span({
      spanId: this.#id('call', call.name),
      parentSpanId: this.#tick?.id ?? this.#spanId,
      name: `chat ${name}`,
      kind: 'client',
      start: call.start,
      end: at,
      attributes: {
        [genAi.operation]: 'chat',
        [genAi.provider]: provider,
        [genAi.requestModel]: name,
        ...(call.repeated ? { 'flockwork.repeated': true } : {}),
        ...attributes,
      },
      error,
    });
  }

  #endTool(data: JsonObject, at: number): void {
    const ref = String(data['call']);
    const tool = this.#tools.get(ref);
    if (tool === undefined) return;
    this.#tools.delete(ref);
    this.#span({
      spanId: toolSpanId(this.#address, ref),
      parentSpanId: tool.tick === 0 ? this.#spanId : this.#id('tick', String(tool.tick)),
      name: `execute_tool ${tool.name}`,
      kind: 'internal',
      start: tool.start,
      end: at,
      attributes: {
        [genAi.operation]: 'execute_tool',
        [genAi.toolName]: tool.name,
        [genAi.toolCall]: ref,
        [genAi.toolType]: 'function',
        'flockwork.truncated': data['truncated'] === true,
      },
      events: tool.events,
      error: data['ok'] === true ? undefined : String(data['code'] ?? 'tool_failed'),
    });
  }

  #endTick(at: number): void {
    const tick = this.#tick;
    if (tick === undefined) return;
    this.#tick = undefined;
    this.#span({
      spanId: tick.id,
      parentSpanId: this.#spanId,
      name: 'agent.tick',
      kind: 'internal',
      start: tick.start,
      end: at,
      attributes: { 'flockwork.tick': tick.number },
    });
  }

  #end(type: string, data: JsonObject, at: number): void {
    const code = type === 'agent.answered' ? undefined : String(data['code'] ?? 'actor_poisoned');
    // What was cut off by the end ended with it.
    this.#endCall(at, {}, code ?? 'aborted');
    for (const ref of this.#tools.keys()) this.#endTool({ call: ref, ok: false, code: code ?? 'aborted' }, at);
    this.#endTick(at);
    this.#span({
      spanId: this.#spanId,
      parentSpanId: taskSpanId(this.#address, this.#task),
      name: `invoke_agent ${this.#role}`,
      kind: 'internal',
      start: this.#start ?? at,
      end: at,
      attributes: {
        [genAi.operation]: 'invoke_agent',
        [genAi.agentId]: this.#address.actor,
        [genAi.agentName]: this.#role,
        'flockwork.task': this.#task,
        'flockwork.attempt': this.#attempt,
      },
      events: this.#events,
      error: code,
    });
  }

  #span({ error, events = [], attributes, ...fields }: Omit<Span, 'traceId' | 'error'> & { readonly error?: string | undefined }): void {
    const { tenant, root } = this.#address;
    const shared = { [genAi.conversation]: root, 'flockwork.goal': root, 'flockwork.tenant': tenant };
    this.#emit({
      traceId: this.#traceId,
      ...fields,
      attributes: { ...shared, ...attributes, ...(error === undefined ? {} : { [errorType]: error }) },
      ...(events.length === 0 ? {} : { events }),
      ...(error === undefined ? {} : { error }),
    });
  }

  #id(...path: readonly string[]): string {
    return spanIdOf(this.#address.tenant, this.#address.root, this.#address.actor, ...path);
  }
}

export function taskSpanId({ tenant, root }: ActorAddress, task: string): string {
  return spanIdOf(tenant, root, 'task', task);
}

/** The span of a tool call; `ref` is what the agent calls it: `c1.0`. */
export function toolSpanId({ tenant, root, actor }: ActorAddress, ref: string): string {
  return spanIdOf(tenant, root, actor, 'tool', ref);
}
