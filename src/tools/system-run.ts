import { z } from 'zod';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolBounds } from './bounds.ts';
import { defineTool, type Tool, type ToolDefinition } from './define-tool.ts';
import type { LeakScan } from './leak-scan.ts';
import type { Sandbox } from './needs.ts';
import { cutAt, truncateMiddle } from './truncate.ts';

const commandCharsMax = 16_384;
/** What the sandbox gets to end a command before the gate gives up on it. */
const stopMs = 5_000;
/** Output that the error of a timeout quotes. */
const quotedChars = 2_000;
/** A flood is cut anywhere, perhaps within a secret; this much of its end is dropped. */
const raggedChars = 4_096;

const input = z.strictObject({
  command: z
    .string()
    .min(1)
    .max(commandCharsMax)
    .refine((command) => !command.includes('\0'), 'must not contain NUL')
    .describe('Shell text for /bin/sh.'),
  timeoutMs: z.int().min(1).max(600_000).optional().describe('Milliseconds after which the command is ended; the node sets the most.'),
});

export const systemRunDefinition = {
  name: 'system.run',
  description:
    'Runs a shell command in the workspace, at /workspace, without network and without other files of the machine. The first line of the answer is the exit code; then stdout and stderr as they came. Nothing keeps running afterwards.',
  input,
  repeatable: false,
  parallel: false,
  writes: true,
} satisfies ToolDefinition<typeof input>;

export function createSystemRun(bounds: ToolBounds, sandbox: Sandbox | undefined, leaks: LeakScan): Tool {
  const { outputCharsMax, timeoutMs: timeoutMsMax, commandOutputBytesMax } = bounds;
  return defineTool({
    ...systemRunDefinition,
    contained: sandbox?.kind === 'bubblewrap',
    timeoutMs: timeoutMsMax + stopMs,
    async run({ command, timeoutMs = timeoutMsMax }, { workspace, signal }) {
      if (sandbox === undefined) throw new FlockworkError('sandbox_unavailable', 'This node has no sandbox, so no command can be run; use the fs tools');
      const limitMs = Math.min(timeoutMs, timeoutMsMax);
      const { tree } = await workspace.write();
      const outcome = await sandbox.run({ command, root: tree, timeoutMs: limitMs, outputBytesMax: commandOutputBytesMax, signal });
      if (outcome.ended === 'aborted') throw new FlockworkError('aborted', 'The command was ended because its call was aborted');
      const flooded = outcome.ended === 'flood';
      const raw = new TextDecoder().decode(outcome.output).replaceAll('\0', '\uFFFD');
      const text = leaks.redact(flooded ? raw.slice(0, -raggedChars) : raw).trimEnd();
      if (outcome.ended === 'timeout') {
        const quoted = text === '' ? 'It printed nothing.' : `It printed:\n${cutAt(text, quotedChars)}`;
        throw new FlockworkError('tool_timeout', `The command was ended after ${limitMs} ms. ${quoted}`, { details: { timeoutMs: limitMs } });
      }
      if (!flooded) return truncateMiddle(`exit code ${outcome.code}\n${text}`, outputCharsMax, 'send the output to a file and read it with fs.read');
      const first = `ended: it printed more than ${commandOutputBytesMax} bytes`;
      return { ...truncateMiddle(`${first}\n${text}`, outputCharsMax, 'print less, or send the output to a file'), truncated: true };
    },
  });
}
