import type { Patcher } from '../../actors/ports/patcher.ts';
import type { ToolAnswer, ToolCall, ToolScope, Tools } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import { boundedCall, stopGraceMs as stopGraceMsDefault } from './bounded-call.ts';
import { type ToolBounds, toolBoundsDefault } from './bounds.ts';
import { builtinTools } from './builtin.ts';
import type { Tool } from './define-tool.ts';
import { createLeakScan, type LeakScan } from './leak-scan.ts';
import type { Sandbox, Workspace, Workspaces } from './needs.ts';
import { truncateText } from './truncate.ts';

/** Has the last word on a call whose input is valid and whose tool is permitted. */
export type ToolPolicy = (call: ToolCall, spec: ToolSpec) => Promise<{ readonly allow: true } | { readonly allow: false; readonly reason: string }>;

/** The bounds of the built-in tools are options of their own; defaults in `bounds.ts`. */
export interface ToolsOptions extends Partial<ToolBounds> {
  readonly workspaces: Workspaces;
  /** Without one, system.run answers `sandbox_unavailable`. */
  readonly sandbox?: Sandbox;
  readonly patcher: Patcher;
  /** Tools beside the built-in ones. */
  readonly tools?: readonly Tool[];
  readonly policy?: ToolPolicy;
  /** Values that no answer may hold. */
  readonly secrets?: readonly string[];
  /** Default 5,000. */
  readonly stopGraceMs?: number;
}

export interface ToolGate extends Tools {
  /** The built-in tools and those added. */
  specs(): readonly ToolSpec[];
}

/** Makes the tool gate: schema → permission → policy → bounds and sandbox → leak scan → truncation. Throws `config_invalid` when two tools have one name. */
export function createTools(options: ToolsOptions): ToolGate {
  const { workspaces, sandbox, patcher, policy, stopGraceMs = stopGraceMsDefault } = options;
  const bounds = boundsOf(options);
  const leaks = createLeakScan(options.secrets);
  const tools = new Map<string, Tool>();
  for (const tool of [...builtinTools({ bounds, sandbox, patcher, leaks }), ...(options.tools ?? [])]) {
    const { name } = tool.spec;
    if (tools.has(name)) throw new FlockworkError('config_invalid', `Two tools are called ${name}; rename one`, { details: { tool: name } });
    tools.set(name, tool);
  }

  async function run(call: ToolCall, signal: AbortSignal): Promise<ToolAnswer> {
    const tool = tools.get(call.name);
    if (tool === undefined) {
      throw new FlockworkError(
        'tool_unknown',
        `There is no tool ${call.name}; there are ${call.permitted.filter((name) => tools.has(name)).join(', ') || 'none'}`,
        { details: { tool: call.name } },
      );
    }
    const start = tool.prepare(call.input);
    if (!call.permitted.includes(call.name)) throw notPermitted(call, 'the profile does not allow it');
    const verdict = await policy?.(call, tool.spec);
    if (verdict?.allow === false) throw notPermitted(call, verdict.reason);
    const bounded = { name: call.name, timeoutMs: tool.timeoutMs ?? bounds.timeoutMs, stopGraceMs, signal };
    const output = await boundedCall(bounded, (own) => start({ scope: call.scope, key: call.key, signal: own, workspace: lazily(workspaces, call.scope) }));
    const cut = truncateText(leaks.redact(output.text), bounds.outputCharsMax);
    return { text: cut.text, truncated: output.truncated === true || cut.truncated === true };
  }

  return {
    specs: () => [...tools.values()].map((tool) => tool.spec),
    run: (call, { signal }) =>
      run(call, signal).catch((error: unknown) => {
        throw redactFailure(failureOf(error, call.name), leaks);
      }),
    collect: (scope) => workspaces.collect(scope),
    release: (scope) => workspaces.release(scope),
  };
}

function boundsOf(options: ToolsOptions): ToolBounds {
  const given = Object.entries(toolBoundsDefault).map(([name, value]) => [name, options[name as keyof ToolBounds] ?? value]);
  return Object.fromEntries(given) as ToolBounds;
}

/** Opens the workspace when it is first needed: many tools never do. */
function lazily(workspaces: Workspaces, scope: ToolScope): Workspace {
  return {
    read: async () => (await workspaces.open(scope)).read(),
    write: async () => (await workspaces.open(scope)).write(),
  };
}

function notPermitted({ name, permitted }: ToolCall, reason: string): FlockworkError {
  return new FlockworkError('tool_not_permitted', `${name} may not be used here: ${reason}`, { details: { tool: name, permitted } });
}

function failureOf(error: unknown, tool: string): FlockworkError {
  if (error instanceof FlockworkError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FlockworkError('tool_failed', `${tool} failed: ${message}`, { cause: error, details: { tool } });
}

/** The model reads errors too. */
function redactFailure(error: FlockworkError, leaks: LeakScan): FlockworkError {
  const message = leaks.redact(error.message);
  const details = error.details === undefined ? undefined : JSON.stringify(error.details);
  const cleanDetails = details === undefined ? undefined : leaks.redact(details);
  if (message === error.message && details === cleanDetails) return error;
  return new FlockworkError(error.code, message, {
    retryable: error.retryable,
    // A secret may span what JSON needs; details that no longer read are dropped.
    ...(cleanDetails === undefined ? {} : { details: parseOrNothing(cleanDetails) }),
  });
}

function parseOrNothing(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
