import { exampleFile } from '../../config/index.ts';
import { type CommandIo, printJson, printLine } from '../io.ts';

export async function configExample(io: CommandIo, { json }: { readonly json?: boolean }): Promise<number> {
  await (json === true ? printJson(io, { text: exampleFile() }) : printLine(io, exampleFile().trimEnd()));
  return 0;
}
