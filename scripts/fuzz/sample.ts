import type { Random } from '../simulate/random.ts';

/** The parts of a JSON Schema that the methods of the wire use. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

const optionalChance = 0.5;
const itemsMax = 3;
const knownGoalChance = 0.7;
const knownGoals = 8;
/** Ids that exist, or look as if, and texts that a careless reader would take for something else. */
const texts: readonly string[] = [
  'g1',
  'g2',
  'g7',
  'coordinator',
  'xstate.init',
  'xstate.stop',
  '0',
  '',
  'Count the birds',
  'Zähle ✓',
  '1-1-0',
  'a/b',
  '__proto__',
  '>',
  '*',
];

/** A value that the schema allows, mostly. */
export function sampleOf(schema: JsonSchema, random: Random): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return random.pick(schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return sampleOf(random.pick(choices), random);
  const type = typeof schema.type === 'string' ? schema.type : random.pick(schema.type ?? ['string', 'object', 'null']);
  switch (type) {
    case 'object':
      return objectOf(schema, random);
    case 'array':
      return Array.from({ length: random.whole(0, itemsMax) }, () => sampleOf(schema.items ?? {}, random));
    case 'integer':
    case 'number':
      return random.whole(Math.max(schema.minimum ?? 0, -1_000), Math.min(schema.maximum ?? 100, 1_000));
    case 'boolean':
      return random.chance(0.5);
    case 'string':
      return textOf(schema, random);
    default:
      return null;
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: JsonSchema, random: Random): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    if (!required.includes(name) && !random.chance(optionalChance)) continue;
    value[name] = name === 'goalId' && random.chance(knownGoalChance) ? `g${random.whole(1, knownGoals)}` : sampleOf(property, random);
  }
  if (typeof additionalProperties === 'object') value[random.pick(texts)] = sampleOf(additionalProperties, random);
  return value;
}

function textOf({ pattern }: JsonSchema, random: Random): string {
  if (pattern?.includes('64') === true) return random.pick('0123456789abcdef'.split('')).repeat(64);
  return random.pick(texts);
}
