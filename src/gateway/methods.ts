import type { Bus } from '../../actors/ports/bus.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { isToken } from '../../protocols/subjects.ts';
import { frameBytesMax } from '../../protocols/wire/frame.ts';
import { blobChunkBytesMax, isMethodName, listLimitDefault, type MethodName, type MethodParams, methodParams } from '../../protocols/wire/methods.ts';
import type { GoalPage, MethodResults } from '../../protocols/wire/results.ts';
import { artifactPage } from './artifact-page.ts';
import type { Caller } from './auth.ts';
import type { GatewayHost } from './host.ts';
import { requestInvalid } from './issues.ts';
import type { GatewayLimits } from './limits.ts';
import { Uploads } from './uploads.ts';

/** The methods that are one question and one answer; opening and watching belong to the connection. */
export type PlainMethod = Exclude<MethodName, 'connection.open' | 'goal.watch' | 'goal.unwatch'>;

/** Room for the envelope and the rest of an answer that must fit one frame. */
const listBytesMax = Math.floor(frameBytesMax * 0.75);

/** What every transport calls: parameters are validated, tenant and rights come from the credential. */
export interface Methods {
  /** Throws `forbidden` where the method is for administrators and the caller is none. */
  call<M extends PlainMethod>(caller: Caller, method: M, params: MethodParams<M>): Promise<MethodResults[M]>;
  /** Throws `goal_unknown`; answers whether the goal has ended. */
  find(tenant: string, goalId: string): Promise<{ readonly ended: boolean }>;
  /** A whole blob. Throws `blob_unknown`. */
  blob(tenant: string, sha256: string): Promise<Uint8Array>;
  /** Stores a whole blob. */
  putBlob(tenant: string, bytes: Uint8Array): Promise<{ sha256: string }>;
  putChunk: Uploads['put'];
  stop(): void;
}

type Handlers = { readonly [M in PlainMethod]: (tenant: string, params: MethodParams<M>) => Promise<MethodResults[M]> };

const adminMethods: ReadonlySet<PlainMethod> = new Set(['config.apply', 'config.patch']);

export function createMethods(host: GatewayHost, bus: Pick<Bus, 'blobs'>, limits: GatewayLimits): Methods {
  const { blobs } = bus;
  const uploads = new Uploads(blobs, limits);
  // The port reads whole blobs only; the one being read in chunks is kept until its last chunk.
  let reading: { readonly key: string; readonly bytes: Uint8Array } | undefined;

  const handlers: Handlers = {
    ping: async () => ({}),
    'goal.submit': (tenant, submission) => host.submit(tenant, submission),
    'goal.get': (tenant, { goalId }) => host.get(tenant, checkGoalId(goalId)),
    'goal.list': (tenant, options) => list(host, tenant, options),
    'goal.cancel': async (tenant, { goalId, reason }) => {
      await host.cancel(tenant, checkGoalId(goalId), reason);
      return { id: goalId };
    },
    'goal.resume': async (tenant, { goalId, quota }) => {
      await host.resume(tenant, checkGoalId(goalId), quota);
      return { id: goalId };
    },
    'goal.verify': (tenant, { goalId }) => host.verify(tenant, checkGoalId(goalId)),
    'goal.replay': (tenant, { goalId }) => host.replay(tenant, checkGoalId(goalId)),
    'blob.put': (tenant, { data, ...chunk }) => {
      const bytes = Buffer.from(data, 'base64');
      if (bytes.length > blobChunkBytesMax)
        throw new FlockworkError('frame_too_large', `a chunk has at most ${blobChunkBytesMax} bytes, this one has ${bytes.length}`, {
          details: { blobChunkBytesMax },
        });
      return uploads.put(tenant, { ...chunk, bytes });
    },
    'blob.get': async (tenant, { sha256, offset = 0, length = blobChunkBytesMax }) => {
      const key = `${tenant}/${sha256}`;
      const bytes = reading?.key === key ? reading.bytes : await blobs.get(tenant, sha256);
      const part = bytes.subarray(offset, offset + length);
      reading = offset + length < bytes.length && bytes.length <= limits.blobBytesMax ? { key, bytes } : undefined;
      return { sha256, size: bytes.length, offset, data: Buffer.from(part.buffer, part.byteOffset, part.length).toString('base64') };
    },
    'artifact.list': async (tenant, { goalId, ...page }) =>
      artifactPage(await host.artifacts(tenant, checkGoalId(goalId), { patch: page.after === undefined }), page, listBytesMax),
    'message.send': (tenant, { goalId, text }) => host.sendMessage(tenant, checkGoalId(goalId), text),
    'memory.list': (tenant, { goalId, limit = listLimitDefault, ...range }) => host.memory(tenant, checkGoalId(goalId), { ...range, limit }),
    'memory.get': (tenant, { goalId, key }) => host.memoryValue(tenant, checkGoalId(goalId), key),
    'approval.list': async (tenant, { goalId }) => ({ items: await host.approvals(tenant, goalId) }),
    'approval.decide': async (tenant, { id, decision, reason }) => {
      await host.decideApproval(tenant, id, decision, reason);
      return { id };
    },
    'dead.list': async (tenant, { limit = listLimitDefault }) => ({ items: await host.deadLetters(tenant, limit) }),
    'dead.requeue': async (tenant, { id }) => ({ id, requeued: await host.requeueDeadLetter(tenant, id) }),
    'node.list': async () => ({ items: await host.nodes() }),
    'config.get': () => host.config(),
    'config.apply': (_tenant, { document, hash }) => host.applyConfig(document, hash),
    'config.patch': (_tenant, { changes, hash }) => host.patchConfig(changes, hash),
  };

  return {
    async call({ tenant, admin }, method, params) {
      if (adminMethods.has(method) && !admin)
        throw new FlockworkError('forbidden', `${method} is for administrators; use a token whose entry in auth.tokens of the node has admin = true`, {
          details: { method },
        });
      return handlers[method](tenant, params);
    },
    find: async (tenant, goalId) => {
      const { endedAt, status } = await host.get(tenant, checkGoalId(goalId));
      return { ended: endedAt !== undefined || status === 'completed' || status === 'failed' || status === 'cancelled' };
    },
    blob: (tenant, sha256) => blobs.get(tenant, sha256),
    putBlob: async (tenant, bytes) => ({ sha256: await blobs.put(tenant, bytes) }),
    putChunk: (tenant, chunk) => uploads.put(tenant, chunk),
    stop: () => uploads.stop(),
  };
}

/** An id that could not be a subject token names no goal. */
function checkGoalId(goalId: string): string {
  if (isToken(goalId)) return goalId;
  throw new FlockworkError('goal_unknown', `there is no goal '${goalId.slice(0, 64)}'; see 'flockwork goals'`, { details: { goalId: goalId.slice(0, 128) } });
}

/** A page of goals that fits one frame, however long the goals' texts are. */
async function list(host: GatewayHost, tenant: string, { limit = listLimitDefault, after, status }: MethodParams<'goal.list'>): Promise<GoalPage> {
  const options = { ...(after === undefined ? {} : { after }), ...(status === undefined ? {} : { status }) };
  const page = await host.list(tenant, { ...options, limit });
  let bytes = 0;
  let fitting = 0;
  for (const item of page.items) {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > listBytesMax) break;
    fitting++;
  }
  return fitting === page.items.length ? page : host.list(tenant, { ...options, limit: Math.max(1, fitting) });
}

/** Reads a method's name and parameters. Throws `method_unknown`, `invalid_request`, `strategy_unknown`. */
export function parseParams<M extends MethodName>(method: M, params: unknown): MethodParams<M> {
  const parsed = methodParams[method].safeParse(params ?? {});
  if (!parsed.success) throw requestInvalid(method, parsed.error.issues, params);
  return parsed.data as MethodParams<M>;
}

export function checkMethod(method: string): MethodName {
  if (isMethodName(method)) return method;
  throw new FlockworkError('method_unknown', `there is no method '${method}'; the methods are ${Object.keys(methodParams).join(', ')}`, {
    details: { method },
  });
}
