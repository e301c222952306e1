import { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolBounds } from './bounds.ts';
import { defineTool, type Tool, type ToolDefinition } from './define-tool.ts';
import { existsInside, openInside, relativePath, writeInside } from './inside.ts';
import { linesOf, readBytes } from './text-file.ts';

const textCharsMax = 1_048_576;

const input = z.strictObject({
  path: z.string().min(1).max(4_096).describe('File to write, from the top of the workspace; missing folders are made.'),
  text: z.string().max(textCharsMax).describe('The whole new content.'),
});

export const fsWriteDefinition = {
  name: 'fs.write',
  description: 'Writes a text file whole, new or in place of the old one. To change a part of a file, use fs.patch.',
  input,
  repeatable: true,
  parallel: false,
  writes: true,
} satisfies ToolDefinition<typeof input>;

export function createFsWrite({ fileReadBytesMax }: ToolBounds): Tool {
  return defineTool({
    ...fsWriteDefinition,
    async run({ path, text }, { workspace, signal }) {
      const name = relativePath(path);
      if (name === '') throw new FlockworkError('tool_input_invalid', 'The top of the workspace is a folder; name a file', { details: { path } });
      const bytes = Buffer.from(text);
      const place = await workspace.write();
      signal.throwIfAborted();
      if (await holds(place.tree, name, bytes, fileReadBytesMax)) return `${name} has this text already`;
      await writeInside(place, name, bytes);
      return `wrote ${name}: ${linesOf(text).length} lines, ${bytes.length} bytes`;
    },
  });
}

async function holds(tree: string, name: string, wanted: Uint8Array, bytesMax: number): Promise<boolean> {
  if (!(await existsInside(tree, name))) return false;
  const handle = await openInside(tree, name);
  const { bytes, size } = await readBytes(handle, bytesMax).finally(() => handle.close());
  return size === wanted.length && Buffer.compare(bytes, wanted) === 0;
}
