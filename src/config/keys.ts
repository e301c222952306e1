import { z } from 'zod';
import { configSchema, waitMsMax } from './schema.ts';

/** What a value of one key looks like, as far as a page or an environment variable needs to know. */
export type KeyKind = 'text' | 'number' | 'boolean' | 'list' | 'table';

/** One key of the configuration, read from the schema. */
export interface ConfigKey {
  /** `section.key`, or the section alone for a table with free names. */
  readonly path: string;
  readonly section: string;
  readonly key: string;
  readonly kind: KeyKind;
  readonly meaning: string;
  readonly fallback: unknown;
  readonly choices: readonly string[];
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  /** The environment variable; undefined for what only a file can say. */
  readonly variable: string | undefined;
}

export interface ConfigSection {
  readonly name: string;
  readonly meaning: string;
  /** A table with free names, as `profiles`: `keys` are those of one entry. */
  readonly free: boolean;
  readonly keys: readonly ConfigKey[];
}

/** The parts of JSON Schema that zod writes for our schema. */
const jsonSchema = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  get properties() {
    return z.record(z.string(), jsonSchema).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), jsonSchema]).optional();
  },
  get items() {
    return jsonSchema.optional();
  },
});
type JsonSchema = z.infer<typeof jsonSchema>;

function kindOf(schema: JsonSchema): KeyKind {
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return schema.items?.type === 'object' ? 'table' : 'list';
    case 'object':
      return 'table';
    default:
      return 'text';
  }
}

/** `http.firstByteMaxMs` → `FLOCKWORK_HTTP_FIRST_BYTE_MAX_MS`. */
export function variableOf(path: string): string {
  return `FLOCKWORK_${path
    .replaceAll('.', '_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()}`;
}

function keyOf(section: string, key: string, schema: JsonSchema, free: boolean): ConfigKey {
  const path = `${section}.${key}`;
  const kind = kindOf(schema);
  const choices = schema.enum ?? schema.items?.enum ?? [];
  return {
    path,
    section,
    key,
    kind,
    meaning: schema.description ?? '',
    fallback: schema.default,
    choices: choices.filter((choice) => typeof choice === 'string'),
    minimum: schema.minimum,
    maximum: schema.maximum === undefined || schema.maximum >= waitMsMax ? undefined : schema.maximum,
    variable: free || kind === 'table' ? undefined : variableOf(path),
  };
}

/** Every section and key of the configuration, in the order of the schema. */
export function configSections(): readonly ConfigSection[] {
  const root = jsonSchema.parse(z.toJSONSchema(configSchema, { io: 'input' }));
  return Object.entries(root.properties ?? {}).map(([name, schema]) => {
    const entry = schema.properties === undefined && typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const properties = entry?.properties ?? schema.properties ?? {};
    return {
      name,
      meaning: schema.description ?? '',
      free: entry !== undefined,
      keys: Object.entries(properties).map(([key, inner]) => keyOf(name, key, inner, entry !== undefined)),
    };
  });
}
