import { contextCharsMax, contextDepthMax, contextEntriesMax } from './bounds.ts';

/**
 * A context as a page may see it: plain JSON of bounded size, whatever the actor holds. The machine's allow-list has chosen the keys;
 * `redact` removes what looks like a credential from every text.
 */
export function shownContext(context: Readonly<Record<string, unknown>>, redact: (text: string) => string): Record<string, unknown> {
  const shown = show(context, 0, new Set(), redact);
  return typeof shown === 'object' && shown !== null ? (shown as Record<string, unknown>) : {};
}

function show(value: unknown, depth: number, above: Set<object>, redact: (text: string) => string): unknown {
  if (typeof value === 'string') {
    // Cut with room first: a text of megabytes is not worth scanning for what nobody sees.
    const text = redact(value.slice(0, contextCharsMax * 2));
    return text.length > contextCharsMax || value.length > contextCharsMax * 2 ? `${text.slice(0, contextCharsMax)}… (${value.length} characters)` : text;
  }
  if (value === null || typeof value === 'boolean' || value === undefined) return value ?? null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return `[${typeof value}]`;
  if (value instanceof Error) return `[${value.name}: ${redact(value.message).slice(0, contextCharsMax)}]`;
  if (value instanceof Map || value instanceof Set) return `[${value.constructor.name} of ${value.size}]`;
  if (above.has(value)) return '[cycle]';
  if (depth >= contextDepthMax) return Array.isArray(value) ? `[${value.length} items]` : '[object]';
  above.add(value);
  const shown = Array.isArray(value) ? showList(value, depth, above, redact) : showEntries(value, depth, above, redact);
  above.delete(value);
  return shown;
}

function showList(list: readonly unknown[], depth: number, above: Set<object>, redact: (text: string) => string): unknown[] {
  const shown = list.slice(0, contextEntriesMax).map((item) => show(item, depth + 1, above, redact));
  return list.length > contextEntriesMax ? [...shown, `and ${list.length - contextEntriesMax} more`] : shown;
}

function showEntries(value: object, depth: number, above: Set<object>, redact: (text: string) => string): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  let count = 0;
  for (const key in value) {
    if (count++ === contextEntriesMax) {
      shown['…'] = 'more keys';
      break;
    }
    if (!Object.hasOwn(value, key) || key === '__proto__') continue;
    shown[key.slice(0, contextCharsMax)] = show((value as Record<string, unknown>)[key], depth + 1, above, redact);
  }
  return shown;
}
