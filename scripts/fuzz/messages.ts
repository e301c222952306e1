import { z } from 'zod';
import { methodParams } from '../../protocols/wire/methods.ts';
import type { Random } from '../simulate/random.ts';
import { mutateBytes } from './mutate.ts';
import { type JsonSchema, sampleOf } from './sample.ts';

const schemas: readonly (readonly [method: string, params: JsonSchema])[] = Object.entries(methodParams).map(([method, params]) => [
  method,
  z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
]);

const names: readonly string[] = [
  'xstate.init',
  'xstate.stop',
  'xstate.done.actor.x',
  'goal.accepted',
  '__proto__',
  'constructor',
  'toString',
  '',
  'x'.repeat(200),
];
const keys: readonly string[] = ['type', 'input', 'tenant', '__proto__', 'constructor', 'goalId', 'id', 'jsonrpc', 'params', 'xstate.init'];
const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  '\u0000',
  '\ud800',
  'xstate.init',
  { type: 'xstate.init' },
  { type: 'xstate.stop', input: {} },
  JSON.parse('{"then":"x"}'),
  [],
  [[[]]],
  {},
  'é'.repeat(300),
];
const deepMax = 5_000;
const hugeCharsMax = 300_000;

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8');

/** One message as bytes: a request as it should be, or one that was spoiled in its structure, its bytes, or both. `id` is what it had before that. */
export function fuzzedMessage(random: Random, id: number): Uint8Array {
  const kind = random.next();
  if (kind < 0.002) return hugeText(random, id);
  if (kind < 0.01) return deepText(random, id);
  const request = validRequest(random, id);
  if (kind < 0.2) return encode(request);
  if (kind < 0.65) return encode(spoiled(request, random));
  if (kind < 0.9) return mutateBytes(encode(request), random);
  return mutateBytes(encode(spoiled(request, random)), random);
}

function validRequest(random: Random, id: number): Record<string, unknown> {
  const [method, params] = random.pick(schemas);
  const request: Record<string, unknown> = { jsonrpc: '2.0', method, params: sampleOf(params, random) };
  if (!random.chance(0.05)) request['id'] = random.chance(0.1) ? `r${id}` : id;
  return request;
}

function spoiled(value: unknown, random: Random): unknown {
  let out = value;
  for (let count = random.whole(1, 3); count > 0; count--) out = spoilOnce(out, random);
  return out;
}

/** Goes down to a place by chance and changes what is there. */
function spoilOnce(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.1)) return otherValue(random);
  if (Array.isArray(value)) {
    if (value.length === 0) return [otherValue(random)];
    const at = random.whole(0, value.length - 1);
    return value.map((item: unknown, index) => (index === at ? spoilOnce(item, random) : item));
  }
  const entries = Object.entries(value);
  const at = random.whole(0, Math.max(0, entries.length - 1));
  const [key, inner] = entries[at] ?? ['', undefined];
  switch (random.whole(0, 4)) {
    case 0:
      return Object.fromEntries(entries.filter((_, index) => index !== at));
    case 1:
      return Object.fromEntries([...entries, [random.pick(keys), otherValue(random)]]);
    case 2:
      return Object.fromEntries([...entries, [key, key === 'method' ? random.pick(names) : otherValue(random)]]);
    case 3:
      return random.chance(0.1) ? [value] : value;
    default:
      return Object.fromEntries(entries.map(([name, one], index) => [name, index === at ? spoilOnce(inner, random) : one]));
  }
}

function otherValue(random: Random): unknown {
  return random.chance(0.2) ? random.pick(names) : random.pick(oddValues);
}

function deepText(random: Random, id: number): Uint8Array {
  const depth = random.chance(0.5) ? random.whole(55, 75) : random.whole(75, deepMax);
  const open = random.chance(0.5) ? '[' : '{"a":';
  const nested = `${open.repeat(depth)}1${(open === '[' ? ']' : '}').repeat(random.chance(0.1) ? depth - 1 : depth)}`;
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"message.send","params":{"goalId":"g1","text":${nested}}}`);
}

function hugeText(random: Random, id: number): Uint8Array {
  const text = random.pick(['x', 'é', '"', '\\', '[']).repeat(random.whole(1, hugeCharsMax));
  return encode({ jsonrpc: '2.0', id, method: random.pick(['message.send', 'goal.submit', 'goal.get']), params: { goalId: 'g1', goal: text, text } });
}
