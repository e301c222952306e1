import { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { goalSubmission } from '../../protocols/goals/goal.ts';
import { artifactsLimitMax, methodParams } from '../../protocols/wire/methods.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { HttpApp } from './http.ts';
import { artifactsShape, goalListShape, goalShape, idShape, memoryPageShape, memoryValueShape, problemShape, replayShape, verifyShape } from './shapes.ts';
import { offerDelta, pump } from './sink.ts';
import { SseSink } from './sse.ts';

const goalPath = z.strictObject({ id: z.string() });
const artifactsQuery = z.strictObject({
  after: methodParams['artifact.list'].shape.after,
  limit: z.coerce.number().pipe(z.int().min(1).max(artifactsLimitMax)).optional(),
});
const listQuery = z.strictObject({
  ...methodParams['goal.list'].shape,
  limit: z.coerce.number().pipe(methodParams['goal.list'].shape.limit.unwrap()).optional(),
});
const memoryQuery = z.strictObject({
  ...methodParams['memory.list'].omit({ goalId: true }).shape,
  limit: z.coerce.number().pipe(methodParams['memory.list'].shape.limit.unwrap()).optional(),
});
const memoryPath = z.strictObject({ id: z.string(), key: methodParams['memory.get'].shape.key });
const eventsQuery = z.strictObject({ after: z.string().max(128).optional(), deltas: z.enum(['true', 'false']).optional() });
const cancelBody = methodParams['goal.cancel'].omit({ goalId: true }).nullish();
const resumeBody = methodParams['goal.resume'].omit({ goalId: true }).nullish();
const messageBody = methodParams['message.send'].omit({ goalId: true });
const problems = { '4xx': problemShape, '5xx': problemShape };
const tags = ['goals'];

/** Everything about one goal. */
export function goalRoutes(app: HttpApp, parts: DispatcherParts): void {
  const { methods } = parts;

  app.post(
    '/v1/goals',
    {
      schema: { tags, summary: 'Submit a goal (header Idempotency-Key = field idempotencyKey)', body: goalSubmission, response: { 202: idShape, ...problems } },
    },
    async (request, reply) => {
      const answer = await methods.call(request.caller, 'goal.submit', withKey(request.body, request.headers['idempotency-key']));
      return reply
        .code(202)
        .header('location', locationOf(answer))
        .send(answer as z.infer<typeof idShape>);
    },
  );

  app.get(
    '/v1/goals',
    { schema: { tags, summary: 'List goals, newest first', querystring: listQuery, response: { 200: goalListShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'goal.list', request.query)) as z.infer<typeof goalListShape>),
  );

  app.get('/v1/goals/:id', { schema: { tags, summary: 'One goal', params: goalPath, response: { 200: goalShape, ...problems } } }, async (request, reply) =>
    reply.send((await methods.call(request.caller, 'goal.get', { goalId: request.params.id })) as z.infer<typeof goalShape>),
  );

  app.post(
    '/v1/goals/:id/cancel',
    { schema: { tags, summary: 'Cancel a goal', params: goalPath, body: cancelBody, response: { 202: idShape, ...problems } } },
    async (request, reply) => {
      const answer = await methods.call(request.caller, 'goal.cancel', { ...request.body, goalId: request.params.id });
      return reply.code(202).send(answer as z.infer<typeof idShape>);
    },
  );

  app.post(
    '/v1/goals/:id/resume',
    { schema: { tags, summary: 'Resume a paused goal', params: goalPath, body: resumeBody, response: { 202: idShape, ...problems } } },
    async (request, reply) => {
      const answer = await methods.call(request.caller, 'goal.resume', { ...request.body, goalId: request.params.id });
      return reply.code(202).send(answer as z.infer<typeof idShape>);
    },
  );

  app.post(
    '/v1/goals/:id/messages',
    { schema: { tags, summary: 'Send a message to a goal', params: goalPath, body: messageBody, response: { 202: idShape, ...problems } } },
    async (request, reply) => {
      const answer = await methods.call(request.caller, 'message.send', { ...request.body, goalId: request.params.id });
      return reply.code(202).send(answer as z.infer<typeof idShape>);
    },
  );

  app.get(
    '/v1/goals/:id/artifacts',
    {
      schema: {
        tags,
        summary: 'The files that came out of a goal',
        params: goalPath,
        querystring: artifactsQuery,
        response: { 200: artifactsShape, ...problems },
      },
    },
    async (request, reply) =>
      reply.send((await methods.call(request.caller, 'artifact.list', { ...request.query, goalId: request.params.id })) as z.infer<typeof artifactsShape>),
  );

  app.get(
    '/v1/goals/:id/memory',
    {
      schema: {
        tags,
        summary: 'The keys that the agents of a goal share',
        params: goalPath,
        querystring: memoryQuery,
        response: { 200: memoryPageShape, ...problems },
      },
    },
    async (request, reply) =>
      reply.send((await methods.call(request.caller, 'memory.list', { ...request.query, goalId: request.params.id })) as z.infer<typeof memoryPageShape>),
  );

  app.get(
    '/v1/goals/:id/memory/:key',
    { schema: { tags, summary: 'One of them with its value', params: memoryPath, response: { 200: memoryValueShape, ...problems } } },
    async (request, reply) => {
      const { id: goalId, key } = request.params;
      return reply.send((await methods.call(request.caller, 'memory.get', { goalId, key })) as z.infer<typeof memoryValueShape>);
    },
  );

  app.get(
    '/v1/goals/:id/verify',
    { schema: { tags, summary: 'Check the hash chains of a goal', params: goalPath, response: { 200: verifyShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'goal.verify', { goalId: request.params.id })) as z.infer<typeof verifyShape>),
  );

  app.get(
    '/v1/goals/:id/replay',
    { schema: { tags, summary: 'Replay the journals of a goal', params: goalPath, response: { 200: replayShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'goal.replay', { goalId: request.params.id })) as z.infer<typeof replayShape>),
  );

  eventsRoute(app, parts);
}

/** Server-sent events; `Last-Event-ID`, else `?after`, says where the reader stands. */
function eventsRoute(app: HttpApp, { methods, feed, limits, counters, watchSlots, onFault }: DispatcherParts): void {
  const schema = { tags, summary: 'Watch a goal as server-sent events (Last-Event-ID = cursor)', params: goalPath, querystring: eventsQuery };
  app.get('/v1/goals/:id/events', { schema }, async (request, reply) => {
    const { id: goalId } = request.params;
    const header = request.headers['last-event-id'];
    const after = typeof header === 'string' && header !== '' ? header : request.query.after;
    const release = watchSlots();
    let sink: SseSink | undefined;
    try {
      const { ended } = await methods.find(request.caller.tenant, goalId);
      const onDelta = (json: string): void => {
        if (sink !== undefined) offerDelta(sink, json, limits, counters);
      };
      const reader = await feed.open(request.caller.tenant, goalId, { after, ended, onDelta: request.query.deltas === 'true' ? onDelta : undefined });
      reply.hijack();
      reply.raw.once('close', () => reader.close());
      if (reply.raw.destroyed) reader.close();
      request.settled();
      sink = new SseSink(reply.raw, limits.sseCommentMs);
      await pump(reader, sink, limits, counters);
      sink.end(reader.goalEnded);
    } catch (error) {
      if (sink === undefined) throw error;
      onFault(error, `events of ${goalId}`);
      sink.close(error instanceof FlockworkError ? error : new FlockworkError('internal', 'a defect in the node; its log has the cause', { cause: error }));
    } finally {
      release();
    }
  });
}

/** The submission with the key of the header. Throws `invalid_request` when the body names another one. */
function withKey(submission: z.infer<typeof goalSubmission>, header: string | string[] | undefined): z.infer<typeof goalSubmission> {
  if (header === undefined) return submission;
  const parsed = goalSubmission.shape.idempotencyKey.safeParse(header);
  if (!parsed.success || parsed.data === undefined || (submission.idempotencyKey !== undefined && submission.idempotencyKey !== parsed.data)) {
    throw new FlockworkError(
      'invalid_request',
      'the header Idempotency-Key has 1 to 256 characters and is the same as the field idempotencyKey, when both are sent',
    );
  }
  return { ...submission, idempotencyKey: parsed.data };
}

function locationOf(answer: unknown): string {
  const { id } = idShape.parse(answer);
  return `/v1/goals/${encodeURIComponent(id)}`;
}
