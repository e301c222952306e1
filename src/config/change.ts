import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { configCharsMax } from '../../protocols/wire/methods.ts';
import { editedToml, merged } from './edit.ts';
import { type ConfigView, configFileOf, hashOf, type LoadedConfig, loadConfig, readText } from './load.ts';
import { defaultOrigin, isTable, leavesOf, valueAt } from './origin.ts';
import type { Config } from './schema.ts';
import { parseToml, tomlText } from './toml.ts';

/**
 * What a running node takes over without a restart, by section or key: all of it is asked for when a goal is accepted, a model call is priced or a
 * message is read. Everything else was handed out at the start.
 */
export const liveKeys: readonly string[] = [
  'quota',
  'strategy',
  'profiles',
  'prices',
  'workspace.roots',
  'model.outputTokensMax',
  'tools.approvalMs',
  'tools.approvalTimeout',
  'log.level',
  'log.areas',
  'limits.watchesMax',
  'limits.requestsInFlightMax',
  'limits.jsonDepthMax',
  'log.level',
  'log.areas',
];

/** A change of the configuration file: a whole document (TOML as text, or JSON), or keys to lay over the one that is there; null takes one out. */
export type ConfigChange =
  | { readonly document: string | Readonly<Record<string, unknown>> }
  | {
      readonly changes: Readonly<Record<string, unknown>>;
    };

/** A change that fits, not yet written. */
export interface PreparedChange {
  readonly file: string;
  readonly text: string;
  /** The configuration as it would be read with that text. */
  readonly next: LoadedConfig;
  /** Keys of the file that something stronger decides, with what it is. */
  readonly overridden: Readonly<Record<string, string>>;
}

/** What a change would make of the configuration. Throws `config_invalid` with every problem; nothing has changed then. */
export async function prepareChange({ sources }: Pick<LoadedConfig, 'sources'>, change: ConfigChange): Promise<PreparedChange> {
  const file = configFileOf(sources);
  const text = await textOf(change, file);
  if (text.length > configCharsMax)
    throw new FlockworkError('config_invalid', `the configuration would have ${text.length} characters; it has at most ${configCharsMax}`, {
      details: { file, configCharsMax },
    });
  const next = await loadConfig({ ...sources, text });
  const own = leavesOf(parseToml(text, file)).map(([path]): readonly [string, string] => [path, next.origins[path] ?? defaultOrigin]);
  const overridden = Object.fromEntries(own.filter(([, origin]) => /^(flag|env) /.test(origin)));
  return { file, text, next, overridden };
}

async function textOf(change: ConfigChange, file: string): Promise<string> {
  if ('changes' in change) return editedToml((await readText(file, 'configuration file', false)) ?? '', change.changes, file);
  return typeof change.document === 'string' ? change.document : tomlText(merged({}, change.document));
}

/** The keys whose value differs, by path; lists are compared as a whole. */
export function changedKeys(before: Config, after: Config): readonly string[] {
  const [old, now] = [before, after].map(
    (values) =>
      new Map(
        leavesOf(values)
          .filter(([, value]) => !isTable(value))
          .map(([path, value]) => [path, JSON.stringify(value)]),
      ),
  );
  return [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].filter((path) => old?.get(path) !== now?.get(path));
}

export function isLive(path: string): boolean {
  return liveKeys.some((live) => path === live || path.startsWith(`${live}.`));
}

/** A configuration with the live keys of another one. */
export function withLiveKeys(current: LoadedConfig, next: LoadedConfig): LoadedConfig {
  const values = takingOver(current.values, next.values);
  const hash = hashOf(values);
  const origins = originsOf(current.origins, next.origins);
  const view: ConfigView = { values: takingOver(current.view.values, next.view.values), origins: originsOf(current.view.origins, next.view.origins), hash };
  return { ...current, values, origins, hash, view };
}

function takingOver<Values extends Readonly<Record<string, unknown>>>(before: Values, after: Values): Values {
  const result: Record<string, unknown> = { ...before };
  for (const live of liveKeys) {
    const [section = '', key] = live.split('.');
    result[section] = key === undefined ? after[section] : { ...(result[section] as object), [key]: valueAt(after, [section, key]) };
  }
  return result as Values;
}

function originsOf(before: LoadedConfig['origins'], after: LoadedConfig['origins']): LoadedConfig['origins'] {
  return Object.fromEntries([...Object.entries(before).filter(([path]) => !isLive(path)), ...Object.entries(after).filter(([path]) => isLive(path))]);
}

/** The rights of a new configuration file: its owner's alone. */
const fileMode = 0o600;

/** Writes the whole file or nothing; one that was there keeps its rights, and a link keeps pointing at it. Throws `config_unwritable`. */
export async function writeConfigFile(file: string, text: string): Promise<void> {
  try {
    const { target, mode } = await existing(file);
    const scratch = `${target}.${randomBytes(4).toString('hex')}.new`;
    try {
      const handle = await open(scratch, 'wx', mode);
      try {
        await handle.chmod(mode);
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(scratch, target);
    } catch (error) {
      await rm(scratch, { force: true });
      throw error;
    }
    const folder = await open(dirname(target), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new FlockworkError('config_unwritable', `the configuration file ${file} cannot be written (${reason}); nothing has changed`, {
      cause,
      details: { file },
    });
  }
}

async function existing(file: string): Promise<{ readonly target: string; readonly mode: number }> {
  try {
    const target = await realpath(file);
    return { target, mode: (await stat(target)).mode & 0o777 };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { target: file, mode: fileMode };
    throw error;
  }
}
