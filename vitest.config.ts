import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Test processes at once; a machine with many cores gains nothing from more, the suites are short. */
const workersMax = Math.max(2, Math.min(4, availableParallelism()));

const never = ['**/node_modules/**', 'dist/**', 'dist-*/**', 'temp/**', 'examples/sample-service/**'];

const suite = (name: string, include: readonly string[], testTimeoutMs: number) => ({
  test: { name, include: [...include], exclude: never, testTimeout: testTimeoutMs, hookTimeout: testTimeoutMs },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: workersMax,
    // Each suite is its own project, so that `vitest run --project faults` runs one kind and its time limit is its own.
    projects: [
      suite('unit', ['{protocols,actors,swarm,src,k8s,scripts}/**/*.test.ts'], 15_000),
      suite('architecture', ['test/architecture/**/*.test.ts'], 60_000),
      suite('conformance', ['test/conformance/**/*.test.ts'], 60_000),
      suite('integration', ['test/integration/**/*.test.ts'], 60_000),
      suite('faults', ['test/faults/**/*.test.ts'], 300_000),
      suite('e2e', ['test/e2e/**/*.test.ts'], 180_000),
      suite('examples', ['examples/**/*.test.ts'], 60_000),
    ],
  },
});
