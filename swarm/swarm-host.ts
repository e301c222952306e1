import type { CellBounds } from '../actors/cell/bounds.ts';
import type { DeadInputs } from '../actors/cell/dead-letters.ts';
import type { Kinds } from '../actors/cell/kinds.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { Clock } from '../actors/ports/clock.ts';
import type { Ids } from '../actors/ports/ids.ts';
import type { Models } from '../actors/ports/models.ts';
import type { Observer } from '../actors/ports/observer.ts';
import type { Tools } from '../actors/ports/tools.ts';
import type { Manifest, Quota } from '../protocols/goals/goal.ts';
import type { FrozenProfile } from './coordinator/coordinator.inputs.ts';

/** What the swarm needs of the node that it runs in. */
export interface SwarmHost {
  /** The id of the node: a subject token. */
  readonly node: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly models: Models;
  readonly tools: Tools;
  readonly kinds: Kinds;
  readonly cellBounds: CellBounds;
  readonly onDead: DeadInputs;
  readonly observe?: Observer;
  /** Something an operator should know. One line, never a secret. */
  note(line: string): void;
}

/** What accepting goals needs of the configuration and the disk. */
export interface GoalSettings {
  readonly quota: Quota;
  readonly agents: number;
  readonly fanIn: number;
  readonly taskAttemptsMax: number;
  readonly stragglerFactor: number;
  /** Resolves profile and model, as they are frozen with the goal. Throws `profile_unknown`, `model_unknown`. */
  profile(name: string | undefined, model: string | undefined): FrozenProfile;
  /** Stores a folder of this node as blobs. Throws `path_not_allowed` unless it is under workspace.roots. */
  snapshotPath(tenant: string, path: string): Promise<Manifest>;
}
