import { setTimeout as pause } from 'node:timers/promises';
import { afterEach } from 'vitest';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Projector } from '../../actors/ports/projection.ts';
import { failureOf } from '../../protocols/errors/error.ts';

/** What a suite asks of the bus it is given. */
export interface OpenBusOptions {
  /** The index of the bus; an opener without one uses a projector that changes nothing. */
  readonly projector?: Projector;
}

/** One empty store with a bus on it. */
export interface OpenedBus {
  readonly bus: Bus;
  /** Closes the bus and opens another one on the same store. */
  reopen(options?: OpenBusOptions): Promise<Bus>;
  /** Closes the bus and removes the store. */
  close(): Promise<void>;
}

/**
 * Opens a bus on an empty store that nobody else uses. `ackWaitMs` of both queues is to be between 200 and 2,000, so
 * that the suites can wait for a claim to expire; nothing else about the implementation is assumed.
 */
export type OpenBus = (options?: OpenBusOptions) => Promise<OpenedBus>;

/** Opens buses for the tests of one `describe` and closes them after each test. */
export function openerFor(open: OpenBus): OpenBus {
  const opened: OpenedBus[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });
  return async (options) => {
    const one = await open(options);
    opened.push(one);
    return one;
  };
}

/** How long a condition is waited for before the test fails, in milliseconds. */
const conditionWaitMs = 15_000;

/** Waits until the condition holds; fails with its name otherwise. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + conditionWaitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${conditionWaitMs} ms in vain until ${what}`);
    await pause(5);
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The catalogue code that a promise is rejected with, or `resolved`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return failureOf(error).code;
  }
}
