import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifySchemaCompiler,
  type FastifySerializerCompiler,
  type RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { frameBytesMax } from '../../protocols/wire/frame.ts';
import { bearerToken, type Caller } from './auth.ts';
import { hideDefect } from './connection.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { GatewayInspector } from './inspector.ts';
import { requestInvalid } from './issues.ts';
import { decodeJson } from './json.ts';
import type { GatewayLimits } from './limits.ts';
import { openApiDocument } from './openapi.ts';
import { frameworkFailure, problemHeaders, problemOf, rawProblem } from './problem.ts';
import { goalRoutes } from './routes-goals.ts';
import { healthPaths, nodeRoutes, openRoutes } from './routes-node.ts';
import { Sockets } from './sockets.ts';

export type HttpApp = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Taken from the credential. */
    caller: Caller;
    /** Gives back the request's place among those in flight. */
    settled: () => void;
  }
}

const longestParamMax = 512;

export interface HttpServer {
  readonly app: HttpApp;
  readonly sockets: Sockets;
}

/** The HTTP routes of the contract; the WebSocket shares the server. */
export async function createHttp(parts: DispatcherParts, inspector?: GatewayInspector): Promise<HttpServer> {
  const { limits, counters } = parts;
  const app: HttpApp = Fastify({
    logger: false,
    bodyLimit: frameBytesMax,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    requestTimeout: limits.requestMaxMs,
    http: { headersTimeout: limits.headersMaxMs, connectionsCheckingInterval: limits.headersMaxMs },
    routerOptions: { maxParamLength: longestParamMax },
    clientErrorHandler: refuseBytes,
    frameworkErrors: (error, _request, reply) => answerProblem(reply, frameworkFailure(error) ?? hideDefect(error)),
    // Ours are set below; without these the framework loads compilers for JSON Schema, which is most of its time to start.
    schemaController: { compilersFactory: { buildValidator: () => noCompiler, buildSerializer: () => noCompiler } },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, _request, reply) => {
    const failure = error instanceof FlockworkError ? error : (frameworkFailure(error) ?? hideDefect(error));
    if (failure.code === 'internal') parts.onFault(error, 'http');
    return answerProblem(reply, failure);
  });
  app.setNotFoundHandler((request) => {
    throw new FlockworkError('not_found', `there is no route ${request.method} ${request.url.slice(0, 256)}; /openapi.json lists them`);
  });
  parseBodies(app, limits);
  const sockets = new Sockets(app.server, parts);

  app.decorateRequest('caller');
  app.decorateRequest('settled');
  app.addHook('onRequest', async (request, reply) => {
    counters.requestsTotal++;
    const seat = sockets.seatOf(request.raw.socket);
    seat?.settle();
    reply.raw.once('close', () => seat?.rest());
    const health = healthPaths.has(request.routeOptions.url ?? '');
    if (sockets.isSurplus(request.raw.socket)) {
      reply.header('connection', 'close');
      if (!health) throw tooMany('connectionsMax', limits.connectionsMax, 'connections');
    }
    if (!health && counters.requestsInFlight >= limits.requestsInFlightTotalMax)
      throw tooMany('requestsInFlightTotalMax', limits.requestsInFlightTotalMax, 'unanswered requests');
    counters.requestsInFlight++;
    let inFlight = true;
    request.settled = () => {
      if (inFlight) counters.requestsInFlight--;
      inFlight = false;
    };
    reply.raw.once('close', request.settled);
    parts.authorizer.checkBrowser({ host: request.headers.host, origin: request.headers.origin });
  });
  function tooMany(bound: string, max: number, what: string): FlockworkError {
    counters.refused('too_many_requests');
    return new FlockworkError('too_many_requests', `the node has ${max} ${what} (${bound}); try again in a moment`, { details: { bound, max } });
  }

  let document: Promise<unknown> | undefined;
  const openApi = (): Promise<unknown> =>
    (document ??= openApiDocument(parts.host.version, (described) => {
      openRoutes(described, parts, openApi);
      goalRoutes(described, parts);
      nodeRoutes(described, parts);
    }));
  await app.register((scope: HttpApp, _options, done) => {
    openRoutes(scope, parts, openApi, inspector);
    done();
  });
  await app.register((scope: HttpApp, _options, done) => {
    scope.addHook('onRequest', async (request) => {
      try {
        request.caller = parts.authorizer.callerOf(bearerToken(request.headers.authorization));
      } catch (error) {
        counters.refused('unauthorized');
        throw error;
      }
    });
    goalRoutes(scope, parts);
    nodeRoutes(scope, parts);
    done();
  });
  return { app, sockets };
}

const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data: unknown) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: requestInvalid(httpPart ?? 'request', parsed.error.issues, data) };
  };
};

const noCompiler = (): never => {
  throw new FlockworkError('internal', 'a route was added before the compilers for its schemas were set');
};

/** The shapes of answers document them; what the node answers is not parsed again. */
const serializerCompiler: FastifySerializerCompiler<unknown> = () => (data: unknown) => JSON.stringify(data);

/** JSON with our own bounds, raw bytes for blobs, nothing else: no form that a foreign page could post without asking first. */
function parseBodies(app: HttpApp, limits: Pick<GatewayLimits, 'jsonDepthMax'>): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', 'application/octet-stream'],
    { parseAs: 'buffer' },
    async (request: { headers: IncomingMessage['headers'] }, body: Buffer) => {
      if (request.headers['content-type']?.startsWith('application/octet-stream') === true) return body;
      return body.length === 0 ? undefined : decodeJson(body, limits.jsonDepthMax);
    },
  );
}

function answerProblem(reply: FastifyReply, failure: FlockworkError): FastifyReply {
  const problem = problemOf(failure);
  return reply.code(problem.status).headers(problemHeaders(problem)).serializer(JSON.stringify).send(problem);
}

/** What is no HTTP, or came too slowly or too large to be a request. */
function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const failure = late
    ? new FlockworkError('request_timeout', 'the request did not arrive in time', { cause: error })
    : new FlockworkError('invalid_request', 'the bytes are no HTTP request, or its headers are too large', { cause: error });
  socket.end(rawProblem(failure));
}
