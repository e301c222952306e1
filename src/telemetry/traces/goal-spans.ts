import type { Fact, JsonObject } from '../../../protocols/journal/facts.ts';
import type { ActorAddress } from '../../../protocols/subjects.ts';
import { taskSpanId } from './agent-spans.ts';
import { openSpansMax } from './bounds.ts';
import { errorType, genAi } from './gen-ai.ts';
import { spanIdOf, traceIdOf } from './ids.ts';
import type { Attributes, SpanEvent, SpanSink } from './span.ts';

/** What happens to a goal as a whole, told as events of its span. */
const eventFacts: ReadonlySet<string> = new Set([
  'cell.opened',
  'goal.paused',
  'goal.resumed',
  'round.decided',
  'leader.elected',
  'quota.exceeded',
  'task.retried',
]);
const eventsMax = 128;

/** The spans of one goal and of its tasks, folded from the facts of its coordinator. */
export class GoalSpans {
  readonly #address: ActorAddress;
  readonly #traceId: string;
  readonly #emit: SpanSink;
  readonly #events: SpanEvent[] = [];
  readonly #tasks = new Map<string, { readonly start: number; readonly role: string }>();
  #start: number | undefined;
  #strategy = '';

  constructor(address: ActorAddress, emit: SpanSink) {
    this.#address = address;
    this.#traceId = traceIdOf(address.tenant, address.root);
    this.#emit = emit;
  }

  /** Takes one fact of the coordinator, in order. True when it was the end of the goal. */
  take({ type, data }: Fact, at: number): boolean {
    this.#start ??= at;
    if (eventFacts.has(type) && this.#events.length < eventsMax) this.#events.push({ name: type, at, attributes: wordsOf(data) });
    switch (type) {
      case 'goal.started':
        this.#strategy = String(data['strategy']);
        return false;
      case 'task.created':
        if (this.#tasks.size < openSpansMax) this.#tasks.set(String(data['task']), { start: at, role: String(data['role'] ?? 'task') });
        return false;
      case 'task.completed':
        this.#endTask(String(data['task']), at, { 'flockwork.attempt': Number(data['attempt']), 'flockwork.tokens': Number(data['tokens']) });
        return false;
      case 'task.failed':
        if (data['final'] !== false) this.#endTask(String(data['task']), at, {}, String(data['code']));
        return false;
      case 'goal.completed':
      case 'goal.failed':
      case 'goal.cancelled':
      case 'actor.poisoned':
        this.#end(type, data, at);
        return true;
      default:
        return false;
    }
  }

  #endTask(task: string, at: number, attributes: Attributes, error?: string): void {
    const open = this.#tasks.get(task);
    if (open === undefined) return;
    this.#tasks.delete(task);
    const { tenant, root } = this.#address;
    this.#emit({
      traceId: this.#traceId,
      spanId: taskSpanId(this.#address, task),
      parentSpanId: spanIdOf(tenant, root),
      name: `task ${open.role}`,
      kind: 'internal',
      start: open.start,
      end: at,
      attributes: {
        ...this.#shared(),
        'flockwork.task': task,
        'flockwork.role': open.role,
        ...attributes,
        ...(error === undefined ? {} : { [errorType]: error }),
      },
      ...(error === undefined ? {} : { error }),
    });
  }

  #end(type: string, data: JsonObject, at: number): void {
    const error = type === 'goal.completed' ? undefined : type === 'goal.cancelled' ? 'cancelled' : String(data['code'] ?? 'actor_poisoned');
    for (const task of this.#tasks.keys()) this.#endTask(task, at, {}, error ?? 'aborted');
    const { tenant, root } = this.#address;
    const usage = typeof data['usage'] === 'object' && data['usage'] !== null ? (data['usage'] as JsonObject) : {};
    const figures = Object.entries(usage).filter(([, value]) => typeof value === 'number');
    this.#emit({
      traceId: this.#traceId,
      spanId: spanIdOf(tenant, root),
      name: this.#strategy === '' ? 'goal' : `goal ${this.#strategy}`,
      kind: 'internal',
      start: this.#start ?? at,
      end: at,
      attributes: {
        ...this.#shared(),
        'flockwork.strategy': this.#strategy,
        'flockwork.status': type.replace(/^\w+\./, ''),
        ...Object.fromEntries(figures.map(([name, value]) => [`flockwork.usage.${name}`, Number(value)])),
        ...(error === undefined ? {} : { [errorType]: error }),
      },
      ...(this.#events.length === 0 ? {} : { events: this.#events }),
      ...(error === undefined ? {} : { error }),
    });
  }

  #shared(): Attributes {
    const { tenant, root } = this.#address;
    return { [genAi.conversation]: root, 'flockwork.goal': root, 'flockwork.tenant': tenant };
  }
}

/** The short fields of a fact; texts stay in the journal. */
function wordsOf(data: JsonObject): Attributes {
  const names = ['node', 'epoch', 'reason', 'quota', 'task', 'attempt', 'round', 'leader', 'term'].filter((name) =>
    ['string', 'number'].includes(typeof data[name]),
  );
  return Object.fromEntries(names.map((name) => [`flockwork.${name}`, typeof data[name] === 'string' ? data[name].slice(0, 128) : Number(data[name])]));
}
