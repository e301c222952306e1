import { type CommandIo, printJson, printLine } from '../io.ts';
import { loadSettings, type SettingOptions } from '../settings.ts';

export interface IndexRebuildOptions extends SettingOptions {
  readonly json?: boolean;
}

export async function indexRebuild(io: CommandIo, options: IndexRebuildOptions): Promise<number> {
  const { rebuildIndex } = await import('../../node/index.ts');
  const { entries } = await rebuildIndex(await loadSettings(io, options));
  await (options.json === true ? printJson(io, { entries }) : printLine(io, `read ${entries} journal entries; the index is new`));
  return 0;
}
