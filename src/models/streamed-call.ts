import type { ModelCallOptions, ModelReply, ModelRequest } from '../../actors/ports/models.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ModelBounds } from './bounds.ts';
import { modelFailure } from './failure.ts';
import { costMicroUsd, type Price } from './prices.ts';
import { ToolNames } from './tool-names.ts';
import { watched } from './watchdog.ts';

/** What an adapter is made of. */
export interface AdapterOptions<Wire> {
  readonly wire: Wire;
  readonly bounds: ModelBounds;
  /** The price of a model of this provider, undefined when none is known. */
  readonly price: (name: string) => Price | undefined;
}

export interface ReplyBuilderOptions extends Pick<ModelBounds, 'replyCharsMax' | 'toolCallsMax'> {
  /** Names the call in errors. */
  readonly model: string;
  readonly names: ToolNames;
  /** Makes the ids of calls that the server left without one; the count of assistant messages so far keeps them apart. */
  readonly round: number;
}

/** Puts the parts of one stream together, in the way of its wire. */
export interface ReplyBuilding {
  /** The end marker has come. */
  readonly ended: boolean;
  /** Answers the text that the part adds. Throws `model_malformed`. */
  add(part: unknown): string;
  /** Throws `model_cut` when the end marker is missing. */
  finish(): Omit<ModelReply, 'costMicroUsd'>;
}

/** Throws `aborted` for a call whose owner has left before it began. */
export function expectWanted({ model }: ModelRequest, { signal }: ModelCallOptions): void {
  if (signal.aborted) throw new FlockworkError('aborted', `The call of ${model} was aborted before it began.`);
}

export function namesOf({ tools }: ModelRequest): ToolNames {
  return new ToolNames(tools.map((tool) => tool.name));
}

export function builderOptions({ bounds }: Pick<AdapterOptions<unknown>, 'bounds'>, request: ModelRequest, names: ToolNames): ReplyBuilderOptions {
  const round = request.messages.filter((message) => message.role === 'assistant').length;
  return { ...bounds, model: request.model, names, round };
}

/** Reads a stream to its end under the watchdogs, tells its text as it comes, and prices the reply. `name` is the model without its provider. */
export async function readReply(
  builder: ReplyBuilding,
  open: (signal: AbortSignal) => Promise<AsyncIterable<unknown>>,
  call: { readonly name: string; readonly request: ModelRequest; readonly options: ModelCallOptions; readonly adapter: Omit<AdapterOptions<unknown>, 'wire'> },
): Promise<ModelReply> {
  const { request, options, adapter } = call;
  for await (const part of watched(open, { ...adapter.bounds, signal: options.signal, model: request.model, ended: () => builder.ended })) {
    const text = builder.add(part);
    if (text !== '') options.onDelta?.(text);
  }
  const reply = builder.finish();
  return { ...reply, costMicroUsd: costMicroUsd(reply.usage, adapter.price(call.name)) };
}

/** Whatever a call threw as a `model_*` failure, or `aborted`. */
export function callFailure(
  error: unknown,
  { model }: ModelRequest,
  { wire, bounds }: AdapterOptions<{ readonly baseUrl: string; readonly apiKey?: string | undefined }>,
): FlockworkError {
  return modelFailure(error, { model, baseUrl: wire.baseUrl, apiKey: wire.apiKey, retryAfterMaxMs: bounds.retryAfterMaxMs, now: Date.now() });
}
