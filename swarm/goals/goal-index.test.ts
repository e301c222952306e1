import { describe, expect, test } from 'vitest';
import { chainStart } from '../../actors/cell/chain.ts';
import { sealRecord } from '../../actors/cell/records.ts';
import { accept, CoordinatorBench, coordinatorStream } from '../../test/histories/coordinator.ts';
import { type ActiveRoot, activeKey, type GoalRow, goalIndex, goalKey, listPrefix } from './goal-index.ts';

/** The index of one store, fed with what a coordinator journals. */
class Indexed {
  readonly rows = new Map<string, string>();
  readonly bench: CoordinatorBench;
  #sequence = 0;

  constructor(first = accept({ strategy: { type: 'single' }, parts: 1 })) {
    this.bench = new CoordinatorBench(first);
    const made = new CoordinatorBench(first);
    this.#project(first, [{ seq: 1, type: 'goal.accepted', data: {} }]);
    this.#project({ type: 'cell.opened', node: 'n1', epoch: 1 }, made.facts);
  }

  /** Takes an input as the bench does, and projects its record. */
  then(step: (bench: CoordinatorBench) => unknown, input: { type: string; [field: string]: unknown }): this {
    step(this.bench);
    this.#project(input, this.bench.facts);
    return this;
  }

  get row(): GoalRow {
    return JSON.parse(this.rows.get(goalKey('acme', 'g1')) ?? 'null') as GoalRow;
  }
  get active(): ActiveRoot | undefined {
    const text = this.rows.get(activeKey('acme', 'g1'));
    return text === undefined ? undefined : (JSON.parse(text) as ActiveRoot);
  }

  #project(input: Readonly<Record<string, unknown>>, facts: CoordinatorBench['facts']): void {
    this.#sequence += 1;
    const { line } = sealRecord(chainStart(coordinatorStream), { n: this.#sequence, at: 1_000, inputJson: JSON.stringify(input), facts }, '0'.repeat(32));
    const changes = goalIndex.project({ sequence: this.#sequence, stream: coordinatorStream, position: String(this.#sequence), records: [line] }, (key) =>
      this.rows.get(key),
    );
    for (const { key, value } of changes) {
      if (value === null) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }
}

const opened = { type: 'cell.opened', node: 'n1', epoch: 2 };

describe('the index of goals', () => {
  test('a goal is listed and active from its first record', () => {
    const index = new Indexed();
    expect([...index.rows.keys()].filter((key) => key.startsWith(listPrefix('acme')))).toHaveLength(1);
    expect([index.active, index.row.status, index.row.tasks.running]).toEqual([{ tenant: 'acme', root: 'g1' }, 'running', 1]);
  });

  test('an ended goal is active no more, and keeps its result', () => {
    const index = new Indexed().then((bench) => bench.end('t0-1'), {
      type: 'task.ended',
      usage: { modelCalls: 1, toolCalls: 0, tokens: 5, costMicroUsd: 1, costUnknown: false, estimated: false },
    });
    expect([index.active, index.row.status, index.row.result, index.row.tasks]).toEqual([
      undefined,
      'completed',
      'result of t0-1',
      { total: 1, running: 0, completed: 1, failed: 0 },
    ]);
  });

  test('a goal shows the strategy that its model chose', () => {
    const index = new Indexed(accept({ strategy: { type: 'auto' }, parts: 1 }));
    expect(index.row.strategy).toEqual({ type: 'auto' });
    index.then((bench) => bench.end('t0-1', { result: '{"strategy":"consensus","why":"a matter of taste"}' }), { type: 'task.ended' });
    expect(index.row.strategy).toEqual({ type: 'consensus' });
  });

  test('a sleeping root that is opened is awake again: whoever takes the shard next opens it', () => {
    const index = new Indexed();
    index.rows.set(activeKey('acme', 'g1'), JSON.stringify({ tenant: 'acme', root: 'g1', sleepsUntil: null }));
    index.then((bench) => bench.open(), opened);
    expect(index.active).toEqual({ tenant: 'acme', root: 'g1' });
  });

  test('an ended root that takes late records stays inactive', () => {
    const index = new Indexed().then((bench) => bench.message({ type: 'goal.cancel', reason: 'enough' }), { type: 'goal.cancel' });
    index.then((bench) => bench.end('t0-1'), { type: 'task.ended' });
    expect([index.active, index.row.status]).toEqual([undefined, 'cancelled']);
  });

  test('journals of agents change no goal', () => {
    expect(
      goalIndex.project(
        {
          sequence: 9,
          stream: 'flock.acme.journal.21.g1.agent-t0-1',
          position: '9',
          records: [`${'a'.repeat(64)} ${'b'.repeat(32)} {"n":1,"at":1,"v":1,"input":{"type":"agent.note"},"facts":[]}`],
        },
        () => undefined,
      ),
    ).toEqual([]);
  });
});
