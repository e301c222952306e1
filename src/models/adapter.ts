import type { ModelCallOptions, ModelReply, ModelRequest } from '../../actors/ports/models.ts';

/** The header that carries the idempotency key of a call. */
export const callKeyHeader = 'x-flockwork-key';

/** One provider behind the router. `name` is the model without its provider. */
export interface ModelAdapter {
  call(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply>;
}
