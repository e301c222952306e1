import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { sha256Hex } from '../../protocols/goals/goal.ts';
import { listLimitMax, methodParams, protocolVersion } from '../../protocols/wire/methods.ts';
import { exposition, expositionType } from '../telemetry/index.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { HttpApp } from './http.ts';
import { type GatewayInspector, pagePolicy } from './inspector.ts';
import { clientLimits } from './limits.ts';
import { gatewayFamilies } from './metrics.ts';
import {
  approvalsShape,
  blobShape,
  chunkShape,
  configChangeShape,
  configShape,
  connectionShape,
  deadLettersShape,
  healthShape,
  idShape,
  nodesShape,
  problemShape,
  readyShape,
  requeuedShape,
} from './shapes.ts';

const pagePath = z.object({ '*': z.string().max(256) });
const blobPath = z.strictObject({ sha256: sha256Hex });
const chunkQuery = z.strictObject({ offset: z.coerce.number().pipe(z.int().min(0)), size: z.coerce.number().pipe(z.int().min(0)) });
const approvalsQuery = methodParams['approval.list'];
const approvalPath = z.strictObject({ id: z.string().min(1).max(512) });
const approvalBody = methodParams['approval.decide'].omit({ id: true });
const deadLettersQuery = z.strictObject({ limit: z.coerce.number().pipe(z.int().min(1).max(listLimitMax)).optional() });
const applyBody = methodParams['config.apply'];
const patchBody = methodParams['config.patch'];
const problems = { '4xx': problemShape, '5xx': problemShape };
const tags = ['node'];

/** Asked by whoever decides whether the node lives: answered also when a bound on connections or requests is reached. */
export const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Routes that need no credential: they say nothing about any tenant. */
export function openRoutes(app: HttpApp, { host }: DispatcherParts, openApi: () => Promise<unknown>, inspector?: GatewayInspector): void {
  app.get('/healthz', { schema: { tags, summary: 'The process lives', response: { 200: healthShape } } }, async () => ({
    status: 'ok' as const,
    node: host.nodeId,
    version: host.version,
  }));

  app.get('/readyz', { schema: { tags, summary: 'The node takes work', response: { 200: readyShape, 503: readyShape } } }, async (_request, reply) => {
    const reasons = [...host.notReady()];
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });

  app.get('/openapi.json', { schema: { hide: true } }, openApi);

  if (inspector === undefined) {
    app.get('/', { schema: { hide: true } }, async (_request, reply) =>
      reply
        .header('content-type', 'text/plain; charset=utf-8')
        .serializer(String)
        .send(`Flockwork ${host.version}, node ${host.nodeId}. Every route is described in /openapi.json.\n`),
    );
  } else pageRoutes(app, inspector);
}

/** The page of the inspector. It holds nothing of any tenant: what it shows it asks for with a credential. */
function pageRoutes(app: HttpApp, { files }: GatewayInspector): void {
  const send = (reply: FastifyReply, name: string): FastifyReply => {
    const file = files.file(name);
    if (file === undefined) throw new FlockworkError('not_found', `the inspector has no file ${name.slice(0, 128)}`);
    return reply
      .header('content-type', file.contentType)
      .header('content-security-policy', pagePolicy)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
      .send(file.bytes);
  };
  app.get('/', { schema: { hide: true } }, async (_request, reply) => send(reply, 'index.html'));
  app.get('/inspector/*', { schema: { hide: true, params: pagePath } }, async (request, reply) => send(reply, request.params['*']));
}

/** The node itself, and blobs. */
export function nodeRoutes(app: HttpApp, { host, methods, limits, counters }: DispatcherParts): void {
  app.get(
    '/v1/connection',
    { schema: { tags, summary: 'Who this credential is, and the bounds', response: { 200: connectionShape, ...problems } } },
    async (request) => ({
      version: protocolVersion,
      node: host.nodeId,
      tenant: request.caller.tenant,
      limits: { ...clientLimits(limits) },
    }),
  );

  app.get('/v1/ping', { schema: { tags, summary: 'Nothing, quickly' } }, async (request) => methods.call(request.caller, 'ping', {}));

  app.get('/v1/nodes', { schema: { tags, summary: 'The nodes of the cluster', response: { 200: nodesShape, ...problems } } }, async (request, reply) =>
    reply.send((await methods.call(request.caller, 'node.list', {})) as z.infer<typeof nodesShape>),
  );

  app.get(
    '/v1/approvals',
    { schema: { tags, summary: 'Tool calls that wait for a decision', querystring: approvalsQuery, response: { 200: approvalsShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'approval.list', request.query)) as z.infer<typeof approvalsShape>),
  );

  app.post(
    '/v1/approvals/:id',
    { schema: { tags, summary: 'Approve or deny a tool call', params: approvalPath, body: approvalBody, response: { 202: idShape, ...problems } } },
    async (request, reply) =>
      reply.code(202).send((await methods.call(request.caller, 'approval.decide', { id: request.params.id, ...request.body })) as z.infer<typeof idShape>),
  );

  app.get(
    '/v1/dead-letters',
    { schema: { tags, summary: 'Messages that no actor took, and why', querystring: deadLettersQuery, response: { 200: deadLettersShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'dead.list', request.query)) as z.infer<typeof deadLettersShape>),
  );

  app.post(
    '/v1/dead-letters/requeue',
    {
      schema: {
        tags,
        summary: 'Put a message that no actor took back into its queue',
        body: methodParams['dead.requeue'],
        response: { 202: requeuedShape, ...problems },
      },
    },
    async (request, reply) => reply.code(202).send((await methods.call(request.caller, 'dead.requeue', request.body)) as z.infer<typeof requeuedShape>),
  );

  app.get(
    '/v1/config',
    { schema: { tags, summary: 'The configuration in force, secrets replaced', response: { 200: configShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'config.get', {})) as z.infer<typeof configShape>),
  );

  app.put(
    '/v1/config',
    { schema: { tags, summary: 'Replace the configuration file', body: applyBody, response: { 200: configChangeShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'config.apply', request.body)) as z.infer<typeof configChangeShape>),
  );

  app.patch(
    '/v1/config',
    { schema: { tags, summary: 'Change some keys of the configuration file', body: patchBody, response: { 200: configChangeShape, ...problems } } },
    async (request, reply) => reply.send((await methods.call(request.caller, 'config.patch', request.body)) as z.infer<typeof configChangeShape>),
  );

  app.get('/metrics', { schema: { tags, summary: 'Figures for Prometheus', produces: ['text/plain'] } }, async (_request, reply) =>
    reply
      .header('content-type', expositionType)
      .serializer(String)
      .send(exposition([...(await host.metrics()), ...gatewayFamilies(counters)])),
  );

  app.post(
    '/v1/blobs',
    {
      schema: {
        tags: ['blobs'],
        summary: 'Store raw bytes of at most 1 MiB',
        consumes: ['application/octet-stream'],
        response: { 201: blobShape, ...problems },
      },
    },
    async (request, reply) => {
      const { sha256 } = await methods.putBlob(request.caller.tenant, bytesOf(request.body));
      return reply.code(201).header('location', `/v1/blobs/${sha256}`).send({ sha256 });
    },
  );

  const chunkSchema = {
    tags: ['blobs'],
    summary: 'Store one chunk of a larger blob; no bytes asks how far it is',
    consumes: ['application/octet-stream'],
    params: blobPath,
    querystring: chunkQuery,
    response: { 200: chunkShape, ...problems },
  };
  app.put('/v1/blobs/:sha256', { schema: chunkSchema }, async (request) =>
    methods.putChunk(request.caller.tenant, {
      sha256: request.params.sha256,
      ...request.query,
      bytes: request.body === undefined ? new Uint8Array() : bytesOf(request.body),
    }),
  );

  app.get(
    '/v1/blobs/:sha256',
    { schema: { tags: ['blobs'], summary: 'The bytes of a blob', params: blobPath, produces: ['application/octet-stream'] } },
    async (request, reply) => {
      const bytes = await methods.blob(request.caller.tenant, request.params.sha256);
      // A blob is what somebody sent: a browser must neither run it nor guess what it is.
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', 'attachment')
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'private, max-age=31536000, immutable')
        .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  );
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new FlockworkError('invalid_request', 'this route takes raw bytes; send content-type application/octet-stream');
}
