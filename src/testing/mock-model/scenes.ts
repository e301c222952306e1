import type { MockReply, MockToolCall } from './reply.ts';
import type { MockRequest } from './request.ts';
import { filledIn } from './script.ts';

/** How a call is answered: with a reply, or with a failure of the transport. */
export type Scene =
  | { readonly type: 'reply'; readonly reply: MockReply }
  | Failure
  /** Takes the request and never answers. */
  | { readonly type: 'hang' }
  /** Destroys the socket before any header. */
  | { readonly type: 'reset' }
  /** Begins a stream, then misbehaves. */
  | { readonly type: 'broken-stream'; readonly how: 'stall' | 'cutfin' | 'cutrst' | 'no-done' | 'no-stop' | 'error-event' | 'not-json' | 'not-a-chunk' }
  /** A web page that keeps loading, as a wrong base URL may give. */
  | { readonly type: 'web-page' };

/** An answer with a failure status. */
export interface Failure {
  readonly type: 'status';
  readonly status: number;
  readonly retryAfter?: string;
  readonly shouldRetry?: boolean;
  /** Default: as the wire names the status. */
  readonly code?: string;
  readonly param?: string;
  readonly message?: string;
}

/** The tool call that `steps-N` makes in each round. Strings may hold `{{step}}` and `{{call}}`, both counted from 1. */
export interface StepsOptions {
  readonly tool?: string;
  readonly input?: unknown;
  /** The final answer. */
  readonly text?: string;
}

const brokenStreams = {
  stall: 'stall',
  cutfin: 'cutfin',
  cutrst: 'cutrst',
  nodone: 'no-done',
  nostop: 'no-stop',
  miderr: 'error-event',
  badjson: 'not-json',
  badchunk: 'not-a-chunk',
} as const;

function isBroken(name: string): name is keyof typeof brokenStreams {
  return Object.hasOwn(brokenStreams, name);
}

/** `steps-N` or `steps-N-xP`: N rounds of P parallel tool calls, then the answer. */
function steps(rounds: number, parallel: number, request: MockRequest, options: StepsOptions): MockReply {
  if (request.toolRounds >= rounds) return { text: options.text ?? `Done after ${rounds} steps.` };
  const step = String(request.toolRounds + 1);
  const name = options.tool ?? request.tools[0] ?? 'fs.list';
  const input = options.input ?? { path: '.' };
  const calls = Array.from({ length: parallel }, (_, index): MockToolCall => ({ name, input: filledIn(input, { step, call: String(index + 1) }) }));
  return { toolCalls: calls };
}

/** What the name of a model asks for; `message` is what a failure says. `-lMS` at the end of any name adds a latency in milliseconds. */
export function sceneOf(modelName: string, request: MockRequest, options: StepsOptions, message?: string): Scene {
  const [, name = modelName, latency] = /^(.*?)(?:-l(\d+))?$/s.exec(modelName) ?? [];
  const latencyMs = Number(latency ?? 0);
  const reply = (said: MockReply): Scene => ({ type: 'reply', reply: { ...said, latencyMs } });

  const http = /^http(\d{3})(?:-ra(\d+))?(?:-sr([tf]))?(?:-([a-z]\w*))?$/.exec(name);
  if (http !== null) {
    const [, status, after, should, code] = http;
    return {
      type: 'status',
      status: Number(status),
      ...(after === undefined ? {} : { retryAfter: after }),
      ...(should === undefined ? {} : { shouldRetry: should === 't' }),
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
    };
  }
  const [, rounds, parallel] = /^steps-(\d+)(?:-x(\d+))?$/.exec(name) ?? [];
  if (rounds !== undefined) return reply(steps(Number(rounds), Number(parallel ?? 1), request, options));
  if (name === 'hang' || name === 'reset') return { type: name };
  if (isBroken(name)) return { type: 'broken-stream', how: brokenStreams[name] };
  switch (name) {
    case 'html':
      return { type: 'web-page' };
    case 'effortless':
      // What several models of the provider do: tools on this wire only with reasoning switched off.
      if (request.tools.length > 0 && request.reasoningEffort !== 'none')
        return { type: 'status', status: 400, code: 'invalid_request_error', param: 'reasoning_effort' };
      return reply({ text: `effort ${request.reasoningEffort}` });
    case 'badargs':
      return reply({ toolCalls: [{ name: request.tools[0] ?? 'fs.list', rawArguments: '{"path": "src' }] });
    case 'length':
      return reply({ text: 'Cut in the mid', finish: 'length' });
    case 'filter':
      return reply({ text: '', finish: 'content_filter' });
    case 'empty':
      return reply({ text: '' });
    default:
      return reply({ text: request.user });
  }
}
