/** The wire allows letters, digits, `_` and `-`, and this many of them. */
const wireNameCharsMax = 64;

function flattened(name: string): string {
  return name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, wireNameCharsMax);
}

/** Tool names as the wire can carry them, and back. The same tool list always gives the same names. */
export class ToolNames {
  readonly #wireNames = new Map<string, string>();
  readonly #names = new Map<string, string>();

  constructor(names: readonly string[]) {
    for (const name of names) {
      if (this.#wireNames.has(name)) continue;
      let wireName = flattened(name);
      for (let n = 2; this.#names.has(wireName); n++) wireName = `${flattened(name).slice(0, wireNameCharsMax - 4)}_${n}`;
      this.#wireNames.set(name, wireName);
      this.#names.set(wireName, name);
    }
  }

  /** A name that is not in the list, because a model invented it, is only made fit for the wire. */
  toWire(name: string): string {
    return this.#wireNames.get(name) ?? flattened(name);
  }

  /** A name that is not in the list comes back as it is, so that the agent can say which tool is unknown. */
  fromWire(wireName: string): string {
    return this.#names.get(wireName) ?? wireName;
  }
}
