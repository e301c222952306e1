/**
 * Runs a mock model as a process of its own: `node main.ts [--port N] [--script FILE] [--latency MS] [--steps JSON] [--models A,B]`.
 * Prints one JSON line `{url, baseUrl, pid}` once it accepts, and ends on SIGTERM, SIGINT, or when `--stdin` is given and stdin closes.
 */
import { parseArgs } from 'node:util';
import { failureOf } from '../../../protocols/errors/error.ts';
import type { StepsOptions } from './scenes.ts';
import { startMockModel } from './server.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      script: { type: 'string' },
      latency: { type: 'string' },
      steps: { type: 'string' },
      models: { type: 'string' },
      stdin: { type: 'boolean' },
    },
  });
  const server = await startMockModel({
    port: Number(values.port ?? 0),
    latencyMs: Number(values.latency ?? 0),
    ...(values.script === undefined ? {} : { script: values.script }),
    ...(values.models === undefined ? {} : { models: values.models.split(',') }),
    ...(values.steps === undefined ? {} : { steps: JSON.parse(values.steps) as StepsOptions }),
  });
  const end = (): void => void server.close().then(() => process.exit(0));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  // A parent that was killed cannot send a signal, but its pipe closes.
  if (values.stdin === true) process.stdin.resume().once('end', end).once('error', end);
  process.stdout.write(`${JSON.stringify({ url: server.url, baseUrl: server.baseUrl, pid: process.pid })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${JSON.stringify(failureOf(error))}\n`);
  process.exitCode = 1;
});
