/** One value that was set somewhere, and where: `flag --x`, `env X`, `file F`. What nobody set has the origin `default`. */
export interface Assignment {
  /** `section.key` */
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
}

/** A value given on the command line. */
export interface ConfigFlag {
  /** As the user wrote it, with its dashes. */
  readonly flag: string;
  readonly path: string;
  readonly value: unknown;
}

export const defaultOrigin = 'default';

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function flagAssignments(flags: readonly ConfigFlag[]): readonly Assignment[] {
  return flags.map(({ flag, path, value }) => ({ path, value, origin: `flag ${flag}` }));
}

/** Reads `section.key` of a document; undefined when it is not there. */
export function valueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const part of path) {
    if (!isTable(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** A copy of the document with the assignments laid over it, later ones over earlier ones. A section that is no table stays, for the schema to refuse. */
export function overlay(document: Readonly<Record<string, unknown>>, assignments: readonly Assignment[]): Record<string, unknown> {
  const merged = structuredClone(document) as Record<string, unknown>;
  for (const { path, value } of assignments) {
    const [section, key] = path.split('.');
    if (section === undefined || key === undefined) continue;
    const table = merged[section] ?? {};
    if (!isTable(table)) continue;
    merged[section] = { ...table, [key]: value };
  }
  return merged;
}

/** Every leaf of a document by its path. Lists are leaves, and so are empty tables. */
export function leavesOf(document: Readonly<Record<string, unknown>>, prefix = ''): readonly (readonly [string, unknown])[] {
  return Object.entries(document).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    const path = `${prefix}${key}`;
    return isTable(value) && Object.keys(value).length > 0 ? leavesOf(value, `${path}.`) : [[path, value]];
  });
}
