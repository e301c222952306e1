import type { ModelCallOptions, ModelReply, ModelRequest } from '../../actors/ports/models.ts';

/** One provider behind the router. `name` is the model without its provider. */
export interface ModelAdapter {
  call(name: string, request: ModelRequest, options: ModelCallOptions): Promise<ModelReply>;
}
