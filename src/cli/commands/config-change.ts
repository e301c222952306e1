import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { configCharsMax } from '../../../protocols/wire/methods.ts';
import type { ConfigChangeResult } from '../../../protocols/wire/results.ts';
import { bothChanges, type ConfigChange, changedKeys, type LoadedConfig, loadConfig, parseToml, prepareChange, writeConfigFile } from '../../config/index.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { counted } from '../output/figures.ts';
import { table } from '../output/table.ts';
import { type ConnectionOptions, connectTo, type LiveNode, liveNode, namedAddress, withSession } from '../session.ts';
import { loadSettings, settingSources } from '../settings.ts';

export interface ConfigChangeOptions extends ConnectionOptions {
  readonly hash?: string;
  readonly json?: boolean;
}

export interface ConfigPatchOptions extends ConfigChangeOptions {
  readonly unset?: readonly string[];
}

/** Replaces the configuration file: that of a node that runs, else the one here. */
export async function configApply(io: CommandIo, file: string, options: ConfigChangeOptions): Promise<number> {
  const text = file === '-' ? await standardInput(io) : await readDocument(io, file);
  return changeConfig(io, { document: file.endsWith('.json') ? jsonDocument(text, file) : text }, options);
}

/** Sets and takes out keys of the configuration file: that of a node that runs, else the one here. */
export async function configPatch(io: CommandIo, settings: readonly string[], options: ConfigPatchOptions): Promise<number> {
  const changes = [...settings.map(parseSetting), ...(options.unset ?? []).map(parseUnset)];
  if (changes.length === 0)
    throw new FlockworkError('usage', 'say what to change, as in: flockwork config patch quota.maxTokens=200000, or --unset quota.maxTokens');
  return changeConfig(io, { changes: changes.reduce((all, change) => bothChanges(all, change), {}) }, options);
}

async function changeConfig(io: CommandIo, change: ConfigChange, options: ConfigChangeOptions): Promise<number> {
  const node = await nodeOf(io, options, 'document' in change);
  const result = node === undefined ? await changeHere(io, change, options) : await changeAt(io, node, change, options);
  if (options.json === true) {
    await printJson(io, result);
    return 0;
  }
  if (result.changed.length > 0) for (const line of table(['KEY', 'TAKES EFFECT'], rowsOf(result, node === undefined))) await printLine(io, line);
  for (const [key, origin] of Object.entries(result.overridden)) note(io, `${key} stands in the file, but ${origin} decides it`);
  const whose = node === undefined ? '' : ` of the node at ${typeof node === 'string' ? node : node.address}`;
  note(io, `${result.file}${whose}: ${result.changed.length === 0 ? 'nothing is different' : `${counted(result.changed.length, 'key')} changed`}`);
  if (result.restartNeeded) note(io, 'restart the node for those that wait for it');
  return 0;
}

function rowsOf({ live, changed }: ConfigChangeResult, here: boolean): readonly (readonly string[])[] {
  return changed.map((key) => [key, here ? 'at the next start' : live.includes(key) ? 'now' : 'after a restart']);
}

/** The node named, else the one that runs on the data folder. */
async function nodeOf(io: CommandIo, options: ConfigChangeOptions, replacing: boolean): Promise<string | LiveNode | undefined> {
  return namedAddress(io, options) ?? liveNode((await settingsBefore(io, options, replacing)).values.data.dir);
}

/** The configuration as it is. A file that is broken counts as empty where it is to be replaced. */
async function settingsBefore(io: CommandIo, options: ConfigChangeOptions, replacing: boolean): Promise<LoadedConfig> {
  try {
    return await loadSettings(io, options);
  } catch (error) {
    if (!replacing || !(error instanceof FlockworkError) || error.code !== 'config_invalid') throw error;
    return loadConfig({ ...settingSources(io, options), text: '' });
  }
}

async function changeAt(io: CommandIo, node: string | LiveNode, change: ConfigChange, options: ConfigChangeOptions): Promise<ConfigChangeResult> {
  return withSession(await connectTo(io, options, node), ({ client }) =>
    'document' in change ? client.applyConfig(change.document, options.hash) : client.patchConfig(change.changes, options.hash),
  );
}

async function changeHere(io: CommandIo, change: ConfigChange, options: ConfigChangeOptions): Promise<ConfigChangeResult> {
  const before = await settingsBefore(io, options, 'document' in change);
  if (options.hash !== undefined && options.hash !== before.hash)
    throw new FlockworkError('config_conflict', 'the configuration is another one than the change was based on; get it again and base the change on its hash', {
      details: { hash: options.hash, found: before.hash },
    });
  const { file, text, next, overridden } = await prepareChange({ sources: settingSources(io, options) }, change);
  await writeConfigFile(file, text);
  return { file, changed: changedKeys(before.values, next.values), live: [], restart: [], restartNeeded: false, overridden, hash: next.hash };
}

/** `quota.maxTokens=200000` as TOML reads it; a value that is none is text. */
function parseSetting(setting: string): Readonly<Record<string, unknown>> {
  const at = setting.indexOf('=');
  if (at < 1) throw new FlockworkError('usage', `'${setting}' sets nothing; write a key, = and a value, as in quota.maxTokens=200000`);
  const [key, value] = [setting.slice(0, at).trim(), setting.slice(at + 1).trim()];
  try {
    return parseToml(`${key} = ${value}`, setting);
  } catch (error) {
    if (!(error instanceof FlockworkError) || error.code !== 'config_invalid') throw error;
    return parseKey(key, JSON.stringify(value), setting);
  }
}

/** A key to take out, as the change that says so. */
function parseUnset(key: string): Readonly<Record<string, unknown>> {
  const nulled = (document: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(document).map(([name, value]) => [name, isSection(value) ? nulled(value) : null]));
  return nulled(parseKey(key, '0', key));
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function parseKey(key: string, value: string, shown: string): Readonly<Record<string, unknown>> {
  try {
    return parseToml(`${key} = ${value}`, shown);
  } catch (cause) {
    throw new FlockworkError('usage', `'${shown}' names no key; write it as section.key, as in quota.maxTokens`, { cause });
  }
}

function jsonDocument(text: string, file: string): Readonly<Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new FlockworkError('invalid_json', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (isSection(document) && !Array.isArray(document)) return document;
  throw new FlockworkError('config_invalid', `${file}: must be a JSON object with the sections of the configuration`);
}

async function readDocument(io: CommandIo, file: string): Promise<string> {
  try {
    return await readFile(resolve(io.cwd, file), 'utf8');
  } catch (cause) {
    throw new FlockworkError('input_missing', `${file} cannot be read (${cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)})`, {
      cause,
    });
  }
}

/** Up to the bound of a configuration; what is longer is refused by its length. */
async function standardInput(io: CommandIo): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > configCharsMax * 4) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
