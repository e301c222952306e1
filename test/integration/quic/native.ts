import { describe } from 'vitest';
import type { Over } from './quic-fixture.ts';

/** Why QUIC cannot be tested on this machine; undefined when it can. */
const missing = await import('@chainsafe/libp2p-quic').then(
  () => undefined,
  (error: unknown) => `the native module of @chainsafe/libp2p-quic does not load: ${String(error).split(/[.\n]/, 1)[0] ?? ''}`,
);
const ci = !['', '0', 'false'].includes(process.env['CI'] ?? '');

/** Leaves the tests out where the native module cannot be had, and says so; with CI set they run, and fail. */
export function describeQuic(name: string, tests: () => void): void {
  const leftOut = missing !== undefined && !ci;
  const title = leftOut ? `${name} (left out: ${missing})` : name;
  describe.skipIf(leftOut)(`${title}`, () => {
    tests();
  });
}

/** The same tests over each transport of libp2p. */
export function describeEach(name: string, tests: (over: Over) => void): void {
  describeQuic(`${name} over QUIC`, () => tests('quic'));
  describe(`${name} over TCP`, () => {
    tests('tcp');
  });
}
