import { FlockworkError } from '../../protocols/errors/error.ts';
import type { ActorKind, Input } from './kind.ts';

/** The machines, by name and version, that a node can fold. Old versions stay registered until they are drained. */
export class Kinds {
  readonly #kinds: ReadonlyMap<string, ActorKind>;

  constructor(kinds: readonly ActorKind[]) {
    this.#kinds = new Map(kinds.map((kind) => [`${kind.machine}@${kind.version}`, kind]));
  }

  /** The kind frozen in the first input of a journal. Throws `machine_unknown`. */
  of(first: Input, stream: string): ActorKind {
    const name = `${String(first['machine'])}@${String(first['version'])}`;
    const kind = this.#kinds.get(name);
    if (kind === undefined) {
      throw new FlockworkError(
        'machine_unknown',
        `journal ${stream} was written by machine ${name}, which this node does not have; run the release that wrote it until the journal has ended`,
        {
          details: { stream, machine: name },
        },
      );
    }
    return kind;
  }
}
