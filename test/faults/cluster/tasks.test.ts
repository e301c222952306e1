/** @needs nats-server */
import { describe, expect, test } from 'vitest';
import { findNatsServer, NatsServer } from '../../../scripts/services/nats.ts';
import { runTasks } from './tasks-run.ts';

const tasks = Number(process.env['FLOCKWORK_TEST_TASKS'] ?? 600);
const waitMs = 60_000 + tasks * 60;

describe.skipIf(findNatsServer() === undefined)(`${tasks} tasks over four worker processes`, () => {
  test(
    'a worker and the server are killed: none is lost, each has one result',
    async () => {
      const server = await NatsServer.start();
      const hitBus = async (): Promise<void> => {
        await server.kill();
        await server.restart();
      };
      const bus = { urls: [server.url], replicas: 1, stop: () => server.stop() } as const;
      const run = await runTasks({ tasks, workers: 4, bus, killWorker: true, hitBus, waitMs });
      process.stdout.write(`tasks: ${JSON.stringify(run)}\n`);
      expect(run).toMatchObject({ lost: 0, doubled: 0, broken: [], notCompletedGoals: [], answersAskedAgain: 0 });
      expect(run.completed).toBeGreaterThanOrEqual(tasks);
    },
    waitMs + 60_000,
  );
});
