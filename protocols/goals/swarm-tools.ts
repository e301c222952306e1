import { z } from 'zod';
import type { ToolSpec } from './task.ts';

/** The longest key of a goal's memory. Characters. */
export const memoryKeyCharsMax = 128;
/** The largest value of one key. Bytes of its JSON. */
export const memoryValueBytesMax = 8_192;
/** Keys that one memory.list tells an agent. */
export const memoryListKeysMax = 50;
/** The longest text that one agent tells others. Characters. */
export const tellCharsMax = 4_000;

const keyText = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/;

/** Names one value of a goal's memory. */
export const memoryKey = z.string().min(1).max(memoryKeyCharsMax).regex(keyText, 'letters, digits and . _ : / - only, a letter or digit first');
/** What keys begin with, or sort after. */
export const memoryPrefix = z.string().max(memoryKeyCharsMax);
const version = z.int().min(0);

const inputs = {
  'memory.get': z.strictObject({ key: memoryKey }),
  'memory.list': z.strictObject({
    prefix: memoryPrefix.optional().describe('Only keys that begin with it.'),
    after: memoryPrefix.optional().describe('Only keys that sort after it: the last key of the page before.'),
  }),
  'memory.set': z.strictObject({
    key: memoryKey,
    value: z.unknown().describe(`Any JSON, at most ${memoryValueBytesMax} bytes.`),
    expected: version.optional().describe('Set only if the key still has this version; 0 = only if there is no such key.'),
  }),
  'memory.delete': z.strictObject({ key: memoryKey, expected: version.optional().describe('Delete only if the key still has this version.') }),
  'agent.tell': z.strictObject({
    to: z.string().min(1).max(256).describe("A task as 't3', the role or name of tasks, or 'all'."),
    text: z.string().min(1).max(tellCharsMax),
  }),
} as const;

export type SwarmToolName = keyof typeof inputs;
export type SwarmCall = { readonly [Name in SwarmToolName]: { readonly name: Name; readonly input: z.infer<(typeof inputs)[Name]> } }[SwarmToolName];
/** What is asked of a goal's memory. */
export type MemoryCall = Exclude<SwarmCall, { readonly name: 'agent.tell' }>;

const descriptions: Readonly<Record<SwarmToolName, string>> = {
  'memory.get': 'Reads a key that all agents of this goal share: its value and version; version 0 = there is no such key.',
  'memory.list': `Lists keys that all agents of this goal share, with version and size, in order, ${memoryListKeysMax} at a time.`,
  'memory.set':
    'Sets a key that all agents of this goal share and answers its new version. With expected it fails when somebody changed the key since, and answers what it is now.',
  'memory.delete': 'Deletes a key that all agents of this goal share.',
  'agent.tell': 'Sends a short text to other agents at work on this goal; they read it before their next step. Answers whom it reached.',
};

const reading: ReadonlySet<string> = new Set(['memory.get', 'memory.list']);

/** The tools that the coordinator of the goal answers, as profiles name them and models are told of them. */
export function swarmToolSpecs(): readonly ToolSpec[] {
  return Object.entries(inputs).map(([name, input]) => {
    const { $schema: _dialect, ...parameters } = z.toJSONSchema(input, { io: 'input' });
    const description = descriptions[name as SwarmToolName];
    return { name, description, parameters, repeatable: true, parallel: reading.has(name), writes: false, via: 'coordinator' };
  });
}

/** Reads the arguments of such a call; undefined when they do not fit. */
export function readSwarmCall(name: string, input: unknown): SwarmCall | undefined {
  if (!Object.hasOwn(inputs, name)) return undefined;
  const parsed = inputs[name as SwarmToolName].safeParse(input ?? {});
  if (!parsed.success) return undefined;
  const call = { name, input: parsed.data } as SwarmCall;
  if (call.name === 'memory.set' && (call.input.value === undefined || jsonBytes(call.input.value) > memoryValueBytesMax)) return undefined;
  return call;
}

/** What the model is told of arguments that do not fit. */
export function swarmCallShape(name: string): string {
  switch (name) {
    case 'memory.set':
      return `{key, value, expected?}: a key of at most ${memoryKeyCharsMax} letters, digits and . _ : / -, any JSON of at most ${memoryValueBytesMax} bytes, a version`;
    case 'agent.tell':
      return `{to, text}: whom, and at most ${tellCharsMax} characters`;
    case 'memory.list':
      return '{prefix?, after?}';
    default:
      return name === 'memory.delete' ? '{key, expected?}' : '{key}';
  }
}

/** How much a value is. Bytes of its JSON. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
