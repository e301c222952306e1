import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { GoalInput } from '../../protocols/goals/goal.ts';
import type { FlockworkClient } from '../client/index.ts';
import type { LoadedConfig } from '../config/index.ts';
import { hasCode } from './endpoints.ts';
import { type CommandIo, note } from './io.ts';
import { bytes, counted } from './output/figures.ts';

/** The most bytes of text that `--input -` takes; what is larger travels as a file. */
export const stdinBytesMax = 524_288;

/** How many of the entries that were left out are named. */
const skippedNamedMax = 3;

/** Refuses inputs that are not there before anything is started for them. Throws `input_missing`. */
export async function checkInputs(io: CommandIo, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (path === '-') continue;
    try {
      await access(resolve(io.cwd, path), constants.R_OK);
    } catch (error) {
      const reason = hasCode(error, 'ENOENT') ? 'does not exist' : 'cannot be read';
      throw new FlockworkError('input_missing', `the input ${path} ${reason}`, { cause: error, details: { path } });
    }
  }
}

/** Snapshots what `--input` names into the node's blobs; `-` is the standard input as text. Throws `input_missing`, `input_too_large`, `file_binary`. */
export async function readInputs(io: CommandIo, paths: readonly string[], client: FlockworkClient, config: LoadedConfig): Promise<readonly GoalInput[]> {
  const inputs: GoalInput[] = [];
  for (const path of paths) inputs.push(path === '-' ? await standardInput(io) : await folder(io, path, client, config));
  return inputs;
}

async function standardInput(io: CommandIo): Promise<GoalInput> {
  if (io.stdin.isTTY === true) note(io, 'reading the input from the terminal; end it with Ctrl-D');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > stdinBytesMax) {
      throw new FlockworkError('input_too_large', `the standard input is above ${bytes(stdinBytesMax)}; write it to a file and use --input FILE`, {
        details: { stdinBytesMax },
      });
    }
  }
  try {
    return { kind: 'text', name: 'stdin', text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)) };
  } catch (error) {
    throw new FlockworkError('file_binary', 'the standard input is not UTF-8 text; write it to a file and use --input FILE', { cause: error });
  }
}

async function folder(io: CommandIo, path: string, client: FlockworkClient, config: LoadedConfig): Promise<GoalInput> {
  const { snapshotFolder } = await import('../node/index.ts');
  const { filesMax, bytesMax } = config.values.workspace;
  const snapshot = await snapshotFolder(resolve(io.cwd, path), { put: (content) => client.putBlob(content), filesMax, bytesMax });
  const { manifest, skipped } = snapshot;
  if (manifest.files.length === 0) throw new FlockworkError('input_missing', `the input ${path} holds no file that could be taken`, { details: { path } });
  note(io, `input ${path}: ${counted(manifest.files.length, 'file')}, ${bytes(snapshot.bytes)}`);
  if (skipped.length > 0) {
    const named = skipped.slice(0, skippedNamedMax).map((entry) => `${entry.path} (${entry.reason})`);
    note(io, `left out ${counted(skipped.length, 'entry', 'entries')}: ${named.join(', ')}${skipped.length > skippedNamedMax ? ', …' : ''}`);
  }
  return { kind: 'files', manifest };
}
