import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import type { FrozenProfile } from '../../swarm/coordinator/coordinator.inputs.ts';
import { systemPromptDefault } from '../../swarm/goals/prompts.ts';
import type { Config } from '../config/index.ts';

/** The pool that agents of every profile run in. */
const poolDefault = 'default';

export interface ProfilesOptions {
  readonly config: Config;
  /** The model of this node and why it is the one. */
  readonly model: { readonly model: string; readonly why: string };
  readonly tools: readonly ToolSpec[];
  /** Those that coordinators answer. */
  readonly swarmTools: readonly ToolSpec[];
  /** Throws `model_unknown` for what no provider here can be. */
  readonly checkModel: (model: string) => void;
}

/** Resolves a profile and a model as they are frozen with a goal: goal's model, then the profile's, then the node's. */
export function createProfiles({
  config,
  model,
  tools,
  swarmTools,
  checkModel,
}: ProfilesOptions): (name: string | undefined, asked: string | undefined) => FrozenProfile {
  return (name = 'default', asked) => {
    const profile = config.profiles[name];
    if (profile === undefined && name !== 'default') {
      const known = ['default', ...Object.keys(config.profiles)].join(', ');
      throw new FlockworkError('profile_unknown', `there is no profile '${name}'; configured are ${known}. Add [profiles.${name}] to flockwork.toml`, {
        details: { profile: name },
      });
    }
    const chosen =
      asked === undefined
        ? profile?.model === undefined
          ? model
          : { model: profile.model, why: `profile ${name}` }
        : { model: asked, why: 'the goal names it' };
    const full = chosen.model === 'offline' ? 'offline/extractive' : chosen.model;
    checkModel(full);
    return {
      name,
      model: full,
      modelWhy: chosen.why,
      system: profile?.system ?? systemPromptDefault,
      tools: asking(permitted(name, profile?.tools, tools, swarmTools), profile?.approve ?? []),
      approval: { waitMs: config.tools.approvalMs, onTimeout: config.tools.approvalTimeout },
      outputTokensMax: profile?.outputTokensMax ?? config.model.outputTokensMax,
      pool: poolDefault,
    };
  };
}

/** The tools with those marked that the profile wants approved. */
function asking(tools: readonly ToolSpec[], approve: readonly string[]): readonly ToolSpec[] {
  return tools.map((tool) => (approve.includes(tool.name) ? { ...tool, asks: true } : tool));
}

function permitted(profile: string, names: readonly string[] | undefined, tools: readonly ToolSpec[], swarmTools: readonly ToolSpec[]): readonly ToolSpec[] {
  if (names === undefined) return tools;
  // Those of the swarm only work where several agents do: a profile has them when it names them.
  const all = [...tools, ...swarmTools];
  return names.map((name) => {
    const tool = all.find((one) => one.name === name);
    if (tool === undefined)
      throw new FlockworkError(
        'tool_unknown',
        `profile ${profile} names the tool '${name}', which does not exist; there are ${all.map((one) => one.name).join(', ')}`,
        { details: { profile, tool: name } },
      );
    return tool;
  });
}
