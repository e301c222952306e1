import { type ListModelsBounds, type ListModelsWire, listModels } from '../list-models.ts';
import { openClient } from './client.ts';

export async function listOpenAiModels(wire: ListModelsWire, bounds: ListModelsBounds): Promise<readonly string[]> {
  const client = await openClient(wire, bounds);
  return listModels(wire, bounds, (signal) => client.models.list({ signal }));
}
