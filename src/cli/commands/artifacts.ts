import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import type { Artifact } from '../../../protocols/goals/goal.ts';
import type { Artifacts, FlockworkClient } from '../../client/index.ts';
import type { applyArtifacts } from '../../node/index.ts';
import { type CommandIo, note, printJson, printLine, printText } from '../io.ts';
import { bytes, counted } from '../output/figures.ts';
import { oneLine, printable, table } from '../output/table.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

type ApplyOptions = Parameters<typeof applyArtifacts>[0];

export interface ArtifactsOptions extends ConnectionOptions {
  readonly output?: string;
  /** True without a folder: the working folder. */
  readonly apply?: string | true;
  readonly patch?: boolean;
  readonly json?: boolean;
}

/** Lists what a goal changed, writes it to a folder, or brings it into one. */
export async function artifacts(io: CommandIo, goalId: string, options: ArtifactsOptions): Promise<number> {
  if (options.output !== undefined && options.apply !== undefined) throw new FlockworkError('usage', 'choose one of --output and --apply');
  const json = options.json === true;
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    const answer = await client.artifacts(goalId);
    if (options.output !== undefined) {
      const root = resolve(io.cwd, options.output);
      await mkdir(root, { recursive: true });
      await bringInto(io, { artifacts: apart(io, answer.items), manifest: undefined, root, read: (sha256) => client.getBlob(sha256) }, json);
    } else if (options.apply !== undefined) {
      const root = resolve(io.cwd, options.apply === true ? '.' : options.apply);
      await bringInto(io, { artifacts: answer.items, manifest: answer.base, root, read: (sha256) => client.getBlob(sha256) }, json);
    } else if (options.patch === true) {
      const patch = await wholePatch(answer, client);
      if (patch !== null) await printText(io, patch);
    } else await list(io, goalId, answer.items, json);
    return 0;
  });
}

async function list(io: CommandIo, goalId: string, items: readonly Artifact[], json: boolean): Promise<void> {
  if (json) for (const item of items) await printJson(io, item);
  else if (items.length === 0) note(io, `goal ${goalId} changed no file`);
  else {
    for (const line of table(['CHANGE', 'SIZE', 'TASK', 'PATH'], items.map(rowOf))) await printLine(io, line);
    note(io, `write them with: flockwork artifacts ${goalId} --output DIR, or into the folder they came from with --apply DIR`);
  }
}

function rowOf({ path, change, size, task }: Artifact): readonly string[] {
  return [change, size === undefined ? '' : bytes(size), task, oneLine(path, 200)];
}

async function bringInto(io: CommandIo, options: ApplyOptions, json: boolean): Promise<void> {
  const { applyArtifacts } = await import('../../node/index.ts');
  const applied = await applyArtifacts(options);
  if (json) {
    await printJson(io, { root: options.root, ...applied });
    return;
  }
  for (const path of applied.written) await printLine(io, `written  ${printable(path)}`);
  for (const path of applied.deleted) await printLine(io, `deleted  ${printable(path)}`);
  const already = applied.unchanged.length > 0 ? `, ${applied.unchanged.length} already as the goal left them` : '';
  note(io, `${counted(applied.written.length, 'file')} written, ${applied.deleted.length} deleted${already} in ${options.root}`);
}

/** A file that tasks changed differently, once for each of them: into a folder of its own nothing has to be given up. */
function apart(io: CommandIo, items: readonly Artifact[]): readonly Artifact[] {
  const versions = Map.groupBy(items, ({ path }) => path);
  return items
    .filter(({ change }) => change !== 'deleted')
    .map((item) => {
      if ((versions.get(item.path) ?? []).length === 1) return item;
      const path = `${item.path}.${item.task}`;
      note(io, `${printable(item.path)} was changed differently by several tasks; what ${item.task} made of it is written as ${printable(path)}`);
      return { ...item, path };
    });
}

async function wholePatch({ patch, patchBlob }: Artifacts, client: FlockworkClient): Promise<string | null> {
  return patchBlob === undefined ? patch : new TextDecoder().decode(await client.getBlob(patchBlob));
}
