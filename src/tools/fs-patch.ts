import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { FilePatch, Patcher } from '../../actors/ports/patcher.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolBounds } from './bounds.ts';
import { defineTool, type Tool, type ToolDefinition } from './define-tool.ts';
import { existsInside, openInside, relativePath, removeInside, writeInside } from './inside.ts';
import { exactText, readBytes } from './text-file.ts';

const patchCharsMax = 262_144;

const input = z.strictObject({
  patch: z
    .string()
    .min(1)
    .max(patchCharsMax)
    .describe('A unified diff of one or more files: --- a/path, +++ b/path, @@ hunks with some lines of context. /dev/null adds or deletes a file.'),
  path: z.string().min(1).max(4_096).optional().describe('The file, when the diff is of one file; its own headers may then be left out.'),
});

export const fsPatchDefinition = {
  name: 'fs.patch',
  description:
    'Changes parts of text files by a unified diff. Either every file of the patch changes, or none; a patch that is in place already answers "already applied".',
  input,
  repeatable: true,
  parallel: false,
  writes: true,
} satisfies ToolDefinition<typeof input>;

/** What a file is to become: its new text, or null when it goes. */
type Outcome = string | null;

export function createFsPatch({ fileReadBytesMax }: ToolBounds, patcher: Patcher): Tool {
  return defineTool({
    ...fsPatchDefinition,
    async run({ patch, path }, { workspace, signal, key }) {
      const parts = named(patcher.parse(patch), path);
      const place = await workspace.write();
      const intent = join(place.scratch, `patch-${hashOf(key).slice(0, 32)}.json`);
      const done = await readIntent(intent);
      const before = new Map<string, Outcome>();
      const after = new Map<string, Outcome>();
      const report: string[] = [];
      const conflicts: string[] = [];

      for (const { name, part } of parts) {
        if (!before.has(name)) before.set(name, await readText(place.tree, name, fileReadBytesMax));
        const now = after.get(name) ?? before.get(name) ?? null;
        // Asked again after a crash: the text stands there already, though the patch might fit a second time.
        const applied = done.get(name) === hashOf(now) || isApplied(part, now);
        const next = done.get(name) === hashOf(now) ? undefined : outcomeOf(part, now);
        if (next === undefined && applied) report.push(`already applied: ${name}`);
        else if (next === undefined) conflicts.push(now === null ? `${name} does not exist` : `${name} is not as the patch expects it`);
        else {
          after.set(name, next);
          report.push(`${part.change === 'modified' ? 'patched' : part.change} ${name} (+${part.added} -${part.removed})`);
        }
      }
      if (conflicts.length > 0) {
        throw new FlockworkError(
          'patch_conflict',
          `The patch does not apply, and nothing was changed: ${conflicts.join('; ')}. Read the file again and write the patch against it`,
          {
            details: { files: conflicts },
          },
        );
      }
      signal.throwIfAborted();
      if (after.size > 0)
        await writeFile(intent, JSON.stringify(Object.fromEntries([...done, ...[...after].map(([name, text]): [string, string] => [name, hashOf(text)])])));
      for (const [name, text] of after) {
        if (text === null) await removeInside(place.tree, name);
        else await writeInside(place, name, Buffer.from(text));
      }
      return report.join('\n');
    },
  });
}

function named(parts: readonly FilePatch[], path: string | undefined): { name: string; part: FilePatch }[] {
  if (path !== undefined && parts.length !== 1) {
    throw new FlockworkError('tool_input_invalid', `path names one file, the patch has ${parts.length}; leave path out`, { details: { files: parts.length } });
  }
  return parts.map((part) => {
    const name = relativePath(path ?? part.path);
    if (name === '') throw new FlockworkError('tool_input_invalid', 'The patch does not say which file it changes; add --- and +++ lines, or path');
    return { name, part };
  });
}

/** undefined = the patch does not fit. */
function outcomeOf(part: FilePatch, now: Outcome): Outcome | undefined {
  if (part.change === 'added') return now === null ? part.apply('') : undefined;
  if (now === null) return undefined;
  const next = part.apply(now);
  return part.change === 'deleted' ? (next === '' ? null : undefined) : next;
}

function isApplied(part: FilePatch, now: Outcome): boolean {
  if (part.change === 'deleted') return now === null;
  if (now === null) return false;
  return part.change === 'added' ? part.apply('') === now : part.revert(now) !== undefined;
}

async function readText(tree: string, name: string, bytesMax: number): Promise<Outcome> {
  if (!(await existsInside(tree, name))) return null;
  const handle = await openInside(tree, name);
  const { bytes, size } = await readBytes(handle, bytesMax).finally(() => handle.close());
  if (size > bytesMax)
    throw new FlockworkError('tool_failed', `${name} has ${size} bytes, patches are for files up to ${bytesMax}; use system.run`, {
      details: { path: name, size, bytesMax },
    });
  return exactText(name, bytes);
}

/** What this very call was about to write when it ran before; nothing when it did not, or died while noting it, which is before it wrote. */
async function readIntent(file: string): Promise<Map<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const parsed = z.record(z.string(), z.string()).safeParse(parseJson(text));
  return new Map(Object.entries(parsed.data ?? {}));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function hashOf(text: Outcome): string {
  return text === null ? 'gone' : createHash('sha256').update(text).digest('hex');
}
