import { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolBounds } from './bounds.ts';
import { defineTool, type Tool, type ToolDefinition } from './define-tool.ts';
import { openInside, relativePath } from './inside.ts';
import type { LeakScan } from './leak-scan.ts';
import { binaryFile, isBinary, linesOf, readBytes } from './text-file.ts';
import { cutLine, LineBudget } from './truncate.ts';

const markChars = 200;

const input = z.strictObject({
  path: z.string().min(1).max(4_096).describe('File to read, from the top of the workspace.'),
  from: z.int().min(1).optional().describe('First line, counted from 1. Default 1.'),
  to: z.int().min(1).optional().describe('Last line. Default: as many as fit.'),
});

export const fsReadDefinition = {
  name: 'fs.read',
  description: 'Reads a text file. Each line is its number, a tab, and its text. When there is more, the last line says how to read on.',
  input,
  repeatable: true,
  parallel: true,
  writes: false,
} satisfies ToolDefinition<typeof input>;

export function createFsRead({ outputCharsMax, fileReadBytesMax, lineCharsMax }: ToolBounds, leaks: LeakScan): Tool {
  return defineTool({
    ...fsReadDefinition,
    async run({ path, from = 1, to }, { workspace }) {
      if (to !== undefined && to < from) throw new FlockworkError('tool_input_invalid', `from (${from}) is after to (${to})`, { details: { from, to } });
      const name = relativePath(path);
      const handle = await openInside(await workspace.read(), name);
      const { bytes, size } = await readBytes(handle, fileReadBytesMax).finally(() => handle.close());
      if (isBinary(bytes)) throw binaryFile(name, size);
      const all = linesOf(new TextDecoder().decode(bytes));
      const whole = bytes.length === size;
      // The last line of a part may be half a line.
      if (!whole && all.length > 1) all.pop();
      if (all.length === 0) return '[the file is empty]';
      const beyond = `[the first ${bytes.length} of ${size} bytes have ${all.length} lines; use fs.search, or system.run with sed, for what comes later]`;
      if (from > all.length) return whole ? `[the file has only ${all.length} lines]` : beyond;

      const lines = new LineBudget(outputCharsMax, markChars);
      const last = Math.min(to ?? all.length, all.length);
      const clean = leaks.maskKeys(all.slice(0, last));
      let shown = from - 1;
      while (shown < last && lines.take(`${shown + 1}\t${cutLine(clean[shown] ?? '', lineCharsMax, leaks.redact)}`)) shown++;
      if (shown < last) return lines.output(`[lines ${from}-${shown} of ${whole ? all.length : 'more'}; read on with from=${shown + 1}]`);
      return whole || (to !== undefined && to <= all.length) ? lines.output() : lines.output(beyond);
    },
  });
}
