import { z } from 'zod';
import type { ToolScope } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import type { Workspace } from './needs.ts';

/** What a tool is given beside its input. */
export interface ToolContext {
  readonly scope: ToolScope;
  /** The same key means the same call, asked again after a crash. */
  readonly key: string;
  /** Aborted when the owner gave up or the time is over: stop, and throw or return soon. */
  readonly signal: AbortSignal;
  readonly workspace: Workspace;
}

/** What the model is told. The gate scans it for secrets and cuts it to its bound. */
export interface ToolOutput {
  readonly text: string;
  /** True when something is missing already. */
  readonly truncated?: boolean;
}

export interface ToolDefinition<Input extends z.ZodType> {
  /** `noun.verb`: lower-case letters, digits and dashes, at most 64 characters. */
  readonly name: string;
  /** For the model: what it does, what it answers. */
  readonly description: string;
  readonly input: Input;
  /** Running it twice is like running it once. Default false: after a crash in the middle the agent is told that the outcome is unknown. */
  readonly repeatable?: boolean;
  /** May run beside others of the same round. Default false. */
  readonly parallel?: boolean;
  /** May change the workspace. Default true. */
  readonly writes?: boolean;
  /** Whatever it does stays within the task's own workspace, so that a slow task may be tried a second time beside the first. Default false. */
  readonly contained?: boolean;
  /** Runs only after somebody has approved the call. Default false; a profile may ask for more tools. */
  readonly asks?: boolean;
  /** Wall time of one call; default the gate's. */
  readonly timeoutMs?: number;
}

/** A tool whose input type is known to itself only. */
export interface Tool {
  readonly spec: ToolSpec;
  readonly timeoutMs?: number;
  /** Checks the input. Throws `tool_input_invalid`. What it returns runs the tool. */
  prepare(input: unknown): (context: ToolContext) => Promise<ToolOutput>;
}

const toolName = /^(?=.{1,64}$)[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+$/;
const issuesShown = 10;

/**
 * Makes a tool of a schema and a function. A text that it returns is its answer; what it throws is told to the model: a FlockworkError as it is,
 * anything else as `tool_failed`. Throws `config_invalid` for a name that is not `noun.verb`.
 */
export function defineTool<Input extends z.ZodType>(
  definition: ToolDefinition<Input> & { readonly run: (input: z.output<Input>, context: ToolContext) => Promise<string | ToolOutput> },
): Tool {
  const { input: schema, run, timeoutMs } = definition;
  const spec = specOf(definition);
  return {
    spec,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    prepare(input) {
      const parsed = schema.safeParse(input ?? {});
      if (!parsed.success) throw invalidInput(spec.name, parsed.error);
      return async (context) => {
        const output = await run(parsed.data, context);
        return typeof output === 'string' ? { text: output } : output;
      };
    },
  };
}

/** What a model is told about a tool. */
export function specOf(definition: ToolDefinition<z.ZodType>): ToolSpec {
  const { name, description, input, repeatable = false, parallel = false, writes = true, contained = false, asks = false } = definition;
  if (!toolName.test(name)) {
    throw new FlockworkError(
      'config_invalid',
      `'${name}' cannot name a tool: write noun.verb in lower-case letters, digits and dashes, at most 64 characters`,
      { details: { name } },
    );
  }
  const { $schema: _dialect, ...parameters } = z.toJSONSchema(input, { io: 'input' });
  return { name, description, parameters, repeatable, parallel, writes, ...(contained ? { contained } : {}), ...(asks ? { asks } : {}) };
}

function invalidInput(name: string, error: z.ZodError): FlockworkError {
  const issues = error.issues.slice(0, issuesShown).map(({ path, message }) => ({ path: path.join('.'), message }));
  const named = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new FlockworkError('tool_input_invalid', `The arguments of ${name} do not fit its schema: ${named}`, { details: { tool: name, issues } });
}
