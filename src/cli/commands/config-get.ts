import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type ConfigView, leavesOf, nearest } from '../../config/index.ts';
import { type CommandIo, printJson, printLine } from '../io.ts';
import { type ConnectionOptions, connectTo, namedAddress, withSession } from '../session.ts';
import { loadSettings } from '../settings.ts';

export interface ConfigGetOptions extends ConnectionOptions {
  readonly origin?: boolean;
  readonly json?: boolean;
}

/** The configuration that a command here would run with; with --connect, that of the node. */
export async function configGet(io: CommandIo, key: string | undefined, options: ConfigGetOptions): Promise<number> {
  const address = namedAddress(io, options);
  const view =
    address === undefined ? (await loadSettings(io, options)).view : await withSession(await connectTo(io, options, address), ({ client }) => client.config());
  const leaves = leavesOf(view.values);
  const wanted = key === undefined ? leaves : leaves.filter(([path]) => path === key || path.startsWith(`${key}.`));
  if (wanted.length === 0 && key !== undefined && view.values[key] === undefined)
    throw unknownKey(key, leaves.map(([path]) => path).concat(Object.keys(view.values)));
  const [only] = wanted;
  if (options.json === true) await printJson(io, jsonOf(view, key, wanted));
  else if (only !== undefined && only[0] === key) await printLine(io, `${plain(only[1])}${originOf(view, only[0], options)}`);
  else for (const [path, value] of wanted) await printLine(io, `${path} = ${JSON.stringify(value)}${originOf(view, path, options)}`);
  return 0;
}

function jsonOf({ values, origins, hash }: ConfigView, key: string | undefined, wanted: readonly (readonly [string, unknown])[]): unknown {
  if (key === undefined) return { values, origins, hash };
  return { values: Object.fromEntries(wanted), origins: Object.fromEntries(wanted.map(([path]) => [path, origins[path] ?? 'default'])), hash };
}

function originOf({ origins }: ConfigView, path: string, { origin }: ConfigGetOptions): string {
  return origin === true ? `  # ${origins[path] ?? 'default'}` : '';
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function unknownKey(key: string, known: readonly string[]): FlockworkError {
  const meant = nearest(key, known);
  return new FlockworkError('usage', `there is no configuration key ${key}${meant === undefined ? '' : `, did you mean ${meant}?`}`, { details: { key } });
}
