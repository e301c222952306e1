import type { ModelToolCall } from '../../actors/ports/models.ts';
import type { ToolNames } from './tool-names.ts';

/** A tool call whose arguments are still coming. */
export interface OpenCall {
  id: string;
  name: string;
  json: string;
}

/**
 * The calls of a finished reply. An id that is missing or was there before is replaced by one of its own; `round`, the count of
 * assistant messages so far, keeps those apart between replies.
 */
export function closedCalls(calls: readonly OpenCall[], names: ToolNames, round: number): ModelToolCall[] {
  const ids = new Set<string>();
  return calls.map(({ id, name, json }, index) => {
    const unique = id === '' || ids.has(id) ? `call-${round}-${index}` : id;
    ids.add(unique);
    return { id: unique, name: names.fromWire(name), ...parsedArguments(json) };
  });
}

function parsedArguments(json: string): Pick<ModelToolCall, 'input' | 'malformed'> {
  if (json.trim() === '') return { input: {} };
  try {
    return { input: JSON.parse(json) };
  } catch {
    // A fate of its own: the agent shows the model what it wrote.
    return { malformed: json };
  }
}
