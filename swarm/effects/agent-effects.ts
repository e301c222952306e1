import type { AgentTable } from '../../actors/agent/agent.table.ts';
import { isLongText, jsonBytes } from '../../actors/agent/long-text.ts';
import type { EffectContext, Perform } from '../../actors/cell/cell-options.ts';
import type { Request } from '../../actors/cell/kind.ts';
import type { ToolScope } from '../../actors/ports/tools.ts';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { liveSubject } from '../../protocols/subjects.ts';
import type { SwarmHost } from '../swarm-host.ts';
import { sendMessage } from './send-message.ts';

/** A reply that takes more than this as JSON cannot be a record, which holds what is decided on it too. Bytes. */
const replyBytesMax = 262_144;
/** A longer list of changed files is a blob: the fact that ends an agent holds its answer too. Bytes of JSON. */
const artifactsInlineBytesMax = 8_192;

type Answer = { readonly type: string; readonly [field: string]: unknown };

/** Performs what agents ask for: model calls, tools, collecting the workspace, messages. */
export function agentEffects(host: SwarmHost): Perform {
  return (request, context) => {
    switch (request.type) {
      case 'model.call':
        return callModel(host, request, context);
      case 'tool.run':
        return runTool(host, request, context);
      case 'workspace.collect':
        return collect(host, context);
      case 'message.send':
        return sendMessage(host, request, context);
      default:
        return Promise.reject(new FlockworkError('internal', `nobody performs '${request.type}' for an agent`, { details: { type: request.type } }));
    }
  };
}

/** The workspace of the attempt that an agent's table stands for. */
export function scopeOf(address: { tenant: string; root: string }, table: AgentTable): ToolScope {
  const manifest = table.spec?.workspace?.manifest;
  return { tenant: address.tenant, root: address.root, task: table.task, attempt: table.attempt, ...(manifest === undefined ? {} : { manifest }) };
}

async function callModel(host: SwarmHost, request: Request, { address, key, epoch, table, signal }: EffectContext): Promise<Answer> {
  const { transcript, spec } = table as AgentTable;
  const live = liveSubject(address);
  let offset = 0;
  const onDelta = (text: string): void => {
    host.bus.pubsub.publish(live, JSON.stringify({ call: request.ref, epoch, offset, text }));
    offset += text.length;
  };
  const messages = transcript.slice(0, Number(request['upTo']));
  const reply = await host.models.call(
    { model: String(request['model']), messages, tools: spec?.tools ?? [], outputTokensMax: Number(request['outputTokensMax']), key },
    { signal, onDelta },
  );
  const { text, toolCalls, finish, usage, costMicroUsd, answeredBy, carry } = reply;
  const bytes = jsonBytes({ text, toolCalls, carry });
  if (bytes > replyBytesMax) {
    throw new FlockworkError(
      'record_too_large',
      `the model answered with ${bytes} bytes, above the bound of ${replyBytesMax}; ask for less or lower outputTokensMax`,
      { details: { bytes, replyBytesMax } },
    );
  }
  const textBlob = isLongText(text) ? await host.bus.blobs.put(address.tenant, new TextEncoder().encode(text)) : undefined;
  return {
    type: 'model.replied',
    text,
    toolCalls,
    finish,
    usage,
    costMicroUsd,
    answeredBy,
    ...(carry === undefined ? {} : { carry }),
    ...(textBlob === undefined ? {} : { textBlob }),
  };
}

async function runTool(host: SwarmHost, request: Request, { address, key, table, signal }: EffectContext): Promise<Answer> {
  const agent = table as AgentTable;
  const permitted = (agent.spec?.tools ?? []).map(({ name }) => name);
  const { text, truncated } = await host.tools.run(
    { scope: scopeOf(address, agent), name: String(request['name']), input: request['input'], permitted, key, ref: request.ref },
    { signal },
  );
  return { type: 'tool.completed', text, truncated };
}

async function collect(host: SwarmHost, { address, table }: EffectContext): Promise<Answer> {
  const artifacts = await host.tools.collect(scopeOf(address, table as AgentTable));
  const bytes = new TextEncoder().encode(JSON.stringify(artifacts));
  if (bytes.length <= artifactsInlineBytesMax) return { type: 'workspace.collected', artifacts, count: artifacts.length };
  const artifactsBlob = await host.bus.blobs.put(address.tenant, bytes);
  return { type: 'workspace.collected', artifactsBlob, count: artifacts.length };
}
