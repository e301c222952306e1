import { isErrorCode } from '../../protocols/errors/catalogue.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { FrameDecoder, frameBytesMax } from '../../protocols/wire/frame.ts';
import type { Dispatcher } from '../../src/gateway/dispatcher.ts';
import { Random } from '../simulate/random.ts';
import { type Expected, expectedOf, expectedStream } from './expected.ts';
import { fuzzedMessage } from './messages.ts';
import { chunksOf, fuzzedStream } from './mutate.ts';
import { FuzzSink } from './sink.ts';

const messagesMax = 60;
/** How long the requests of one session may take to be answered, ms. */
const answersMaxMs = 30_000;
/** Turns of the event loop that watches get after the last answer: pages of the journal are handed out one turn after another. */
const watchTurns = 8;

export interface SessionOutcome {
  readonly messages: number;
  readonly answers: number;
  readonly events: number;
  /** How the connection ended before its time; undefined when it did not. */
  readonly endedAs: string | undefined;
  /** What was promised and did not hold. */
  readonly violation: string | undefined;
}

/**
 * One connection under a seed: up to 60 messages, whole or spoiled, over frames in pieces or as WebSocket hands them over. Every message
 * must get what `expectedOf` says, and nothing else, until the connection ends with an error that was told.
 */
export async function runSession(dispatcher: Dispatcher, seed: number): Promise<SessionOutcome> {
  const random = new Random(seed);
  const sink = new FuzzSink(random.chance(0.05));
  const connection = dispatcher.connect(sink, { transport: 'fuzz', address: `seed ${seed}` });
  const messages = messagesOf(random);
  let taken: readonly Uint8Array[] = [];
  let violation: string | undefined;
  const take = async (body: Uint8Array): Promise<void> => {
    // The transport may hand over a buffer that it goes on to use.
    const bytes = random.chance(0.5) ? body : Buffer.from(body);
    await connection.receive(bytes);
  };
  try {
    if (random.chance(0.5)) {
      const stream = fuzzedStream(messages, random);
      const wanted = expectedStream(stream, frameBytesMax);
      taken = wanted.bodies;
      violation = await pushStream(stream, wanted, random, take, (reason) => connection.end(reason));
      if (wanted.end !== 'clean') taken = [...taken, Buffer.of(0)];
    } else {
      taken = messages;
      for (const message of messages) await take(message);
    }
    await idle(dispatcher);
    for (let turn = 0; turn < watchTurns && sink.closedAs === undefined; turn++) await new Promise((resolve) => setImmediate(resolve));
    violation ??= sink.violation ?? compare(taken, sink);
  } catch (error) {
    violation = `something was thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  connection.close();
  return { messages: messages.length, answers: sink.answers.length, events: sink.events, endedAs: sink.closedAs, violation };
}

function messagesOf(random: Random): readonly Uint8Array[] {
  const messages = Array.from({ length: random.whole(1, messagesMax) }, (_, index) => fuzzedMessage(random, index + 1));
  if (random.chance(0.95)) messages[0] = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"connection.open","params":{"version":1}}');
  return messages;
}

/** Feeds the decoder as a stream would; what it gives must be what the bytes say. */
async function pushStream(
  stream: Uint8Array,
  wanted: ReturnType<typeof expectedStream>,
  random: Random,
  take: (body: Uint8Array) => Promise<void>,
  end: (reason: FlockworkError) => void,
): Promise<string | undefined> {
  const decoder = new FrameDecoder();
  let given = 0;
  try {
    for (const chunk of chunksOf(stream, random)) {
      for (const body of decoder.push(chunk)) {
        const expected = wanted.bodies[given++];
        if (expected === undefined || Buffer.compare(expected, body) !== 0) return `frame ${given} is not what the bytes say`;
        await take(body);
      }
    }
  } catch (error) {
    if (!(error instanceof FlockworkError) || error.code !== 'frame_too_large' || wanted.end !== 'too-large') throw error;
    end(error);
    return given === wanted.bodies.length ? undefined : `${given} frames came before the bad one, not ${wanted.bodies.length}`;
  }
  if (given !== wanted.bodies.length) return `${given} frames came, not ${wanted.bodies.length}`;
  if (decoder.pending !== (wanted.end === 'truncated')) return `the decoder says pending ${decoder.pending}, the stream ended ${wanted.end}`;
  if (decoder.pending) end(new FlockworkError('frame_truncated', 'the stream ended in the middle of a frame'));
  return undefined;
}

/** Waits until the dispatcher owes nobody an answer. */
async function idle(dispatcher: Dispatcher): Promise<void> {
  const { counters } = dispatcher.parts;
  const deadline = performance.now() + answersMaxMs;
  while (counters.requestsInFlight > 0) {
    if (performance.now() > deadline) throw new Error(`${counters.requestsInFlight} requests have no answer after ${answersMaxMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Holds the answers against what the messages were to get, each exactly once. A connection that was ended owes nothing for what came later. */
function compare(bodies: readonly Uint8Array[], sink: FuzzSink): string | undefined {
  const open = new Map<string | number | null, number>();
  for (const { id, code } of sink.answers) {
    if (code === 'internal' || (code !== undefined && !isErrorCode(code))) return `the answer to ${JSON.stringify(id)} is the error ${code}`;
    open.set(id, (open.get(id) ?? 0) + 1);
  }
  const wanted = bodies.map((body) => (body.length === 1 && body[0] === 0 ? ({ answers: 1, id: null } satisfies Expected) : expectedOf(body)));
  for (const [at, expected] of wanted.entries()) {
    if (expected.answers === 0) continue;
    const left = (open.get(expected.id) ?? 0) - 1;
    if (left < 0) return sink.closedAs !== undefined && at > 0 ? undefined : `message ${at + 1} was not answered: ${show(bodies[at])}`;
    open.set(expected.id, left);
  }
  const surplus = [...open].find(([, count]) => count > 0);
  return surplus === undefined ? undefined : `${surplus[1]} answers too many to ${JSON.stringify(surplus[0])}`;
}

const shownBytesMax = 300;

function show(body: Uint8Array | undefined): string {
  return JSON.stringify(
    Buffer.from(body ?? [])
      .subarray(0, shownBytesMax)
      .toString('latin1'),
  );
}
