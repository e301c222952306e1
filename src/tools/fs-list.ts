import { stat } from 'node:fs/promises';
import { z } from 'zod';
import type { ToolBounds } from './bounds.ts';
import { defineTool, type Tool, type ToolDefinition } from './define-tool.ts';
import { compileGlob } from './glob.ts';
import { findInside, relativePath } from './inside.ts';
import { LineBudget } from './truncate.ts';
import { walk } from './walk.ts';

const depthDefault = 3;
const depthMax = 64;
const markChars = 200;

const input = z.strictObject({
  path: z.string().max(4_096).optional().describe('Folder to list, from the top of the workspace. Default: the top.'),
  depth: z.int().min(1).max(depthMax).optional().describe(`How many levels of folders. Default ${depthDefault}, with glob all.`),
  glob: z.string().min(1).max(256).optional().describe('Show only files that match, such as *.ts or src/**/*.{ts,tsx}.'),
});

export const fsListDefinition = {
  name: 'fs.list',
  description: 'Lists files and folders of the workspace, one path per line, sorted; folders end in /. Links end in @ and are not followed.',
  input,
  repeatable: true,
  parallel: true,
  writes: false,
} satisfies ToolDefinition<typeof input>;

export function createFsList({ outputCharsMax, walkEntriesMax }: ToolBounds): Tool {
  return defineTool({
    ...fsListDefinition,
    async run({ path, depth, glob }, { workspace, signal }) {
      const base = relativePath(path);
      const matches = glob === undefined ? undefined : compileGlob(glob);
      const levels = depth ?? (glob === undefined ? depthDefault : depthMax);
      const { full } = await findInside(await workspace.read(), base);
      if (!(await stat(full)).isDirectory()) return base;

      const lines = new LineBudget(outputCharsMax, markChars);
      let [visited, left] = [0, 0];
      let stopped = false;
      for await (const entry of walk(full, base, (folder) => folder.depth < levels)) {
        signal.throwIfAborted();
        if (++visited > walkEntriesMax) {
          stopped = true;
          break;
        }
        const within = base === '' ? entry.path : entry.path.slice(base.length + 1);
        if (matches !== undefined && (entry.kind !== 'file' || !matches(within))) continue;
        if (left > 0 || !lines.take(`${entry.path}${entry.kind === 'folder' ? '/' : entry.kind === 'link' ? '@' : ''}`)) left++;
      }
      if (stopped) return lines.output(`[stopped after ${walkEntriesMax} entries; list a folder with path, or fewer levels with depth]`);
      if (left > 0) return lines.output(`[${left} more entries; list a folder with path, fewer levels with depth, or some files with glob]`);
      if (lines.count === 0) return matches === undefined ? '[the folder is empty]' : `[no file matches ${glob}]`;
      return lines.output();
    },
  });
}
