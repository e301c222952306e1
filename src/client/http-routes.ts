import { FlockworkError } from '../../protocols/errors/error.ts';
import { fromBase64 } from './blobs.ts';

/** A method of the wire as an HTTP request. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body?: unknown;
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

type Params = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => encodeURIComponent(String(value));

/** The query of what is set. */
function query(params: Params): string {
  const entries = Object.entries(params).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}

/** The route of each method that is one question and one answer. Throws `method_unknown`. */
export function httpCall(method: string, params: Params): HttpCall {
  const { goalId, ...rest } = params;
  const goal = `/v1/goals/${text(goalId)}`;
  switch (method) {
    case 'ping':
      return { method: 'GET', path: '/v1/ping' };
    case 'goal.submit':
      return { method: 'POST', path: '/v1/goals', body: params };
    case 'goal.list':
      return { method: 'GET', path: `/v1/goals${query(params)}` };
    case 'goal.get':
      return { method: 'GET', path: goal };
    case 'goal.cancel':
      return { method: 'POST', path: `${goal}/cancel`, body: rest };
    case 'goal.resume':
      return { method: 'POST', path: `${goal}/resume`, body: rest };
    case 'message.send':
      return { method: 'POST', path: `${goal}/messages`, body: rest };
    case 'goal.verify':
      return { method: 'GET', path: `${goal}/verify` };
    case 'goal.replay':
      return { method: 'GET', path: `${goal}/replay` };
    case 'artifact.list':
      return { method: 'GET', path: `${goal}/artifacts${query(rest)}` };
    case 'memory.list':
      return { method: 'GET', path: `${goal}/memory${query(rest)}` };
    case 'memory.get':
      return { method: 'GET', path: `${goal}/memory/${text(rest['key'])}` };
    case 'approval.list':
      return { method: 'GET', path: `/v1/approvals${query(params)}` };
    case 'approval.decide': {
      const { id, ...decision } = params;
      return { method: 'POST', path: `/v1/approvals/${text(id)}`, body: decision };
    }
    case 'dead.list':
      return { method: 'GET', path: `/v1/dead-letters${query(params)}` };
    case 'dead.requeue':
      return { method: 'POST', path: '/v1/dead-letters/requeue', body: params };
    case 'node.list':
      return { method: 'GET', path: '/v1/nodes' };
    case 'config.get':
      return { method: 'GET', path: '/v1/config' };
    case 'config.apply':
      return { method: 'PUT', path: '/v1/config', body: params };
    case 'config.patch':
      return { method: 'PATCH', path: '/v1/config', body: params };
    case 'blob.put': {
      const { sha256, offset, size, data } = params;
      return { method: 'PUT', path: `/v1/blobs/${text(sha256)}${query({ offset, size })}`, bytes: fromBase64(String(data)) };
    }
    default:
      throw new FlockworkError('method_unknown', `there is no HTTP route for method '${method}'`, { details: { method } });
  }
}
