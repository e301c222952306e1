/** A rule of docs/journal.md taken out of the code, and where the first gate must turn red without it. */
export interface Mutant {
  readonly name: string;
  /** The number of the rule. */
  readonly rule: number;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Fault points at which at least one run must fail. */
  readonly points: readonly string[];
}

export const mutants: readonly Mutant[] = [
  {
    name: 'effects are released before the append is acknowledged',
    rule: 10,
    file: 'actors/cell/cell.ts',
    find: '    if (stepped.length > 0) {\n      try {',
    replace: '    if (stepped.length > 0) {\n      this.#release(stepped);\n      await new Promise((resolve) => setTimeout(resolve, 5));\n      try {',
    points: ['append.before:model.replied', 'append.before:tool.started', 'append.before:agent.assign'],
  },
  {
    name: 'an unsafe effect is not preceded by tool.started',
    rule: 3,
    file: 'actors/cell/cell.ts',
    find: 'if (pending.request.repeatable === false) this.#put({',
    replace: 'if (pending.request.repeatable === undefined) this.#put({',
    points: ['tool.answered:counter.add', 'append.before:tool.completed'],
  },
  {
    name: 'an unsafe effect that had started runs again',
    rule: 3,
    file: 'actors/cell/cell.ts',
    find: '      if (pending.started) {',
    replace: '      if (pending.started && pending.key === "") {',
    points: ['tool.answered:counter.add', 'append.after:tool.started'],
  },
  {
    name: 'pending effects do not start again on opening',
    rule: 8,
    file: 'actors/cell/cell.ts',
    find: '        this.#begin(pending, true);\n      }\n    }\n  }',
    replace: '        this.#begin(pending, pending.request.type === "");\n      }\n    }\n  }',
    points: ['append.after:cell.opened', 'model.start', 'task.push.before'],
  },
  {
    name: 'the end of an agent is not looked for on opening',
    rule: 15,
    file: 'swarm/owner/shard-owner.ts',
    find: '    if (cell.n <= 2) return;',
    replace: '    if (cell.n > 0) return;',
    points: ['append.before:task.ended', 'task.ack.before'],
  },
  {
    name: 'the index is written after the append, and not caught up',
    rule: 16,
    file: 'src/bus/embedded/projection.ts',
    find: '    if (put !== undefined) put.run(...puts);\n    else for (const change of changes) this.#change(change);',
    replace: '    void put;\n    setTimeout(() => { for (const change of changes) this.#change(change); }, 50);',
    points: ['append.after:goal.accept', 'append.after:cell.opened'],
  },
  {
    name: 'a message is acknowledged before it is journaled',
    rule: 19,
    file: 'swarm/owner/inbox-pump.ts',
    find: '      const taken = await this.#hand(address, { ...input, id: delivery.id });\n      if (!taken) return await this.#undeliverable(delivery, address);\n      await delivery.ack();',
    replace: '      await delivery.ack();\n      await this.#hand(address, { ...input, id: delivery.id });',
    points: ['inbox.ack.after', 'append.before:goal.note'],
  },
  {
    name: 'a message that comes again is journaled again',
    rule: 19,
    file: 'actors/cell/fate.ts',
    find: 'if (input.id !== undefined && fold.hasSeen(input.id))',
    replace: 'if (input.id === "" && fold.hasSeen(input.id))',
    points: ['inbox.ack.before', 'append.after:goal.note'],
  },
  {
    name: 'the claims of a dead process are kept on opening',
    rule: 23,
    file: 'src/bus/embedded/open.ts',
    find: '    tasks.releaseAll();\n    inbox.releaseAll();',
    replace: '',
    points: ['task.claim', 'append.after:agent.assign', 'model.start'],
  },
  {
    name: 'a task is acknowledged before its agent has ended',
    rule: 24,
    file: 'swarm/worker/worker.ts',
    find: '      await this.#runAgent({ delivery, message, stream, claim, fresh: fold === undefined, over });\n      await delivery.ack();',
    replace: '      await delivery.ack();\n      await this.#runAgent({ delivery, message, stream, claim, fresh: fold === undefined, over });',
    points: ['append.before:agent.assign', 'model.start'],
  },
  {
    name: 'a coordinator forgets the tasks that it has pushed',
    rule: 8,
    file: 'actors/cell/fold.ts',
    find: '        this.#pending.set(pending.key, pending);\n        requests.push(pending);',
    replace: '        if (asked.type !== "task.push") this.#pending.set(pending.key, pending);\n        requests.push(pending);',
    points: ['task.push.before'],
  },
];
