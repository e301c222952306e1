import type { Models } from '../../actors/ports/models.ts';
import type { NodeParts } from '../../src/index.ts';

const usage = { input: 100, cacheRead: 0, cacheWrite: 0, output: 10, reasoning: 0 };

/** A model inside the process that answers at once: what is left is the cost of the node itself. */
const instantModel: Models = {
  call: ({ model }) => Promise.resolve({ text: 'done', toolCalls: [], finish: 'stop', usage, costMicroUsd: null, answeredBy: model }),
};

export function withInstantModel(parts: NodeParts): NodeParts {
  return { ...parts, models: instantModel };
}
