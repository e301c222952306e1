import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../protocols/errors/error.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { decideRestart, type RestartPolicy } from './restart-policy.ts';
import { type ChildEnd, Supervisor } from './supervisor.ts';

const policy: RestartPolicy = { restartsMax: 3, windowMs: 10_000, backoffMs: 100, backoffMsMax: 400 };
const broken: Failure = { code: 'internal', message: 'broken', retryable: false };

/** A child that ends when it is told to. */
class Puppet {
  readonly restarts: number;
  stops = 0;
  end: (end: ChildEnd) => void = () => undefined;
  readonly #ended = new Promise<ChildEnd>((resolve) => (this.end = resolve));

  constructor(restarts: number) {
    this.restarts = restarts;
  }

  whenStopped(): Promise<ChildEnd> {
    return this.#ended;
  }

  stop(): void {
    this.stops += 1;
    this.end({});
  }
}

function stage(strategy: 'one-for-one' | 'one-for-all' = 'one-for-one') {
  const clock = new VirtualClock();
  const escalated: string[] = [];
  const supervisor = new Supervisor({ clock, strategy, policy, onEscalate: (child) => escalated.push(child) });
  const puppets = new Map<string, Puppet[]>();
  const starter = (name: string) => async (restarts: number) => {
    const puppet = new Puppet(restarts);
    puppets.set(name, [...(puppets.get(name) ?? []), puppet]);
    return puppet;
  };
  const last = (name: string): Puppet => {
    const puppet = puppets.get(name)?.at(-1);
    if (puppet === undefined) throw new Error(`${name} was never started`);
    return puppet;
  };
  const made = (name: string): number => puppets.get(name)?.length ?? 0;
  const fail = async (name: string): Promise<void> => {
    last(name).end({ failure: broken });
    await turn();
  };
  const pass = async (ms: number): Promise<void> => {
    clock.advanceBy(ms);
    await turn();
  };
  return { clock, escalated, supervisor, starter, last, made, fail, pass };
}

describe('a restart policy', () => {
  test('the wait doubles with each restart in the window, up to its bound', () => {
    const waits: unknown[] = [];
    let recent: readonly number[] = [];
    for (let time = 0; time < 6; time++) {
      const decision = decideRestart({ ...policy, restartsMax: 10 }, recent, time);
      if ('escalate' in decision) throw new Error('it gave up');
      waits.push(decision.restartAfterMs);
      ({ recent } = decision);
    }
    expect(waits).toEqual([100, 200, 400, 400, 400, 400]);
  });

  test('restarts that lie further back than the window are forgotten', () => {
    expect(decideRestart(policy, [0, 1, 2], 9_999)).toEqual({ escalate: true });
    expect(decideRestart(policy, [0, 1, 2], 10_001)).toMatchObject({ restartAfterMs: 200, recent: [2, 10_001] });
  });
});

describe('one for one', () => {
  test('restarts the child that failed after its wait, and leaves its siblings alone', async () => {
    const { supervisor, starter, fail, pass, made, last } = stage();
    await supervisor.start('a', starter('a'));
    await supervisor.start('b', starter('b'));
    await fail('a');
    await pass(99);
    expect(made('a')).toBe(1);
    await pass(1);
    expect([made('a'), made('b'), last('b').stops]).toEqual([2, 1, 0]);
    expect(last('a').restarts).toBe(1);
  });

  test('gives up after restartsMax in the window, and says which child', async () => {
    const { supervisor, starter, fail, pass, made, escalated } = stage();
    await supervisor.start('a', starter('a'));
    for (let time = 0; time < 3; time++) {
      await fail('a');
      await pass(400);
    }
    expect([made('a'), escalated]).toEqual([4, []]);
    await fail('a');
    await pass(60_000);
    expect([made('a'), escalated, supervisor.children]).toEqual([4, ['a'], []]);
  });

  test('failures that are far enough apart never escalate', async () => {
    const { supervisor, starter, fail, pass, made, escalated } = stage();
    await supervisor.start('a', starter('a'));
    for (let time = 0; time < 9; time++) {
      await fail('a');
      await pass(10_000);
    }
    expect([made('a'), escalated]).toEqual([10, []]);
  });

  test('a child that is done is forgotten', async () => {
    const { supervisor, starter, last, pass, made } = stage();
    await supervisor.start('a', starter('a'));
    last('a').end({});
    await turn();
    await pass(60_000);
    expect([made('a'), supervisor.children]).toEqual([1, []]);
  });

  test('a start that has nothing to run leaves no child', async () => {
    const { supervisor, clock } = stage();
    expect(await supervisor.start('a', async () => undefined)).toBeUndefined();
    expect([supervisor.children, clock.armed]).toEqual([[], 0]);
  });

  test('a start that rejects is a failure like any other', async () => {
    const { supervisor, pass, escalated } = stage();
    let starts = 0;
    const child = await supervisor.start('a', async () => {
      starts += 1;
      throw new Error('not yet');
    });
    expect(child).toBeUndefined();
    for (let time = 0; time < 5; time++) await pass(400);
    expect([starts, escalated]).toEqual([4, ['a']]);
  });

  test('a child whose end cannot be told has failed, and nothing is left unhandled', async () => {
    const { supervisor, pass } = stage();
    let starts = 0;
    await supervisor.start('a', async () => {
      starts += 1;
      return { stop: () => undefined, whenStopped: () => (starts === 1 ? Promise.reject(new Error('lost')) : new Promise<never>(() => undefined)) };
    });
    await turn();
    await pass(100);
    expect(starts).toBe(2);
  });

  test('a child stopped while it waits for its restart stays down', async () => {
    const { supervisor, starter, fail, pass, made, clock } = stage();
    await supervisor.start('a', starter('a'));
    await fail('a');
    supervisor.stop('a');
    await pass(60_000);
    expect([made('a'), clock.armed]).toEqual([1, 0]);
  });

  test('a child stopped while it starts is stopped as soon as it runs', async () => {
    const { supervisor } = stage();
    const puppet = new Puppet(0);
    let started: (child: Puppet) => void = () => undefined;
    const starting = supervisor.start('a', () => new Promise((resolve) => (started = resolve)));
    supervisor.stop('a');
    started(puppet);
    await starting;
    expect([puppet.stops, supervisor.children]).toEqual([1, []]);
  });

  test('stopAll stops every child, and nothing starts after it', async () => {
    const { supervisor, starter, last, made } = stage();
    await supervisor.start('a', starter('a'));
    await supervisor.start('b', starter('b'));
    supervisor.stopAll();
    expect([last('a').stops, last('b').stops, supervisor.children]).toEqual([1, 1, []]);
    await supervisor.start('c', starter('c'));
    expect(made('c')).toBe(0);
  });
});

describe('one for all', () => {
  test('stops the siblings and restarts them with the child that failed', async () => {
    const { supervisor, starter, fail, pass, made, last } = stage('one-for-all');
    await supervisor.start('a', starter('a'));
    await supervisor.start('b', starter('b'));
    const sibling = last('b');
    await fail('a');
    expect(sibling.stops).toBe(1);
    await pass(100);
    expect([made('a'), made('b'), last('b').restarts]).toEqual([2, 2, 1]);
  });

  test('the window counts the group, and its end takes all down', async () => {
    const { supervisor, starter, fail, pass, escalated, last } = stage('one-for-all');
    await supervisor.start('a', starter('a'));
    await supervisor.start('b', starter('b'));
    for (const name of ['a', 'b', 'a']) {
      await fail(name);
      await pass(400);
    }
    await fail('b');
    expect([escalated, supervisor.children, last('a').stops]).toEqual([['b'], [], 1]);
  });

  test('a sibling that is just starting when the group is restarted does not run twice', async () => {
    const { supervisor, starter, fail, pass } = stage('one-for-all');
    await supervisor.start('a', starter('a'));
    const slow: { puppet: Puppet; run: () => void }[] = [];
    const starting = supervisor.start(
      'b',
      (restarts) =>
        new Promise((resolve) => {
          const puppet = new Puppet(restarts);
          slow.push({ puppet, run: () => resolve(puppet) });
        }),
    );
    await fail('a');
    slow[0]?.run();
    await starting;
    await pass(100);
    slow[1]?.run();
    await turn();
    expect(slow.map(({ puppet }) => puppet.stops)).toEqual([1, 0]);
  });
});
