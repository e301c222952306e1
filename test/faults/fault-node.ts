/**
 * A whole node as a child process, with one fault point armed. Its arguments come as JSON; it prints `ready <port>` and ends on SIGTERM.
 * The tool `counter.add` is an effect outside that is not safe to repeat: it appends its key to a file, which the parent counts.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { withInstantModel } from '../../scripts/bench/instant-model.ts';
import { loadConfig, type NodeRole } from '../../src/config/index.ts';
import { startNode } from '../../src/node/index.ts';
import { killAt, withFaultPoints } from '../../src/testing/faults.ts';
import { defineTool } from '../../src/tools/index.ts';

export interface FaultNodeOptions {
  readonly folder: string;
  readonly port: number;
  readonly modelUrl: string;
  readonly effectsFile: string;
  /** Where to write the name of each crossing, for finding the points. */
  readonly crossingsFile?: string;
  /** NATS in place of the embedded bus, with short leases unless they are named. */
  readonly natsUrls?: readonly string[];
  readonly replicas?: 1 | 3;
  readonly leaseMs?: number;
  readonly ackWaitMs?: number;
  /** The name of the node; default: one by chance. */
  readonly id?: string;
  /** Default: all. */
  readonly roles?: readonly NodeRole[];
  /** How long SIGTERM waits for the work in hand. Default 0. */
  readonly drainMs?: number;
  /** A model inside the node that answers at once, in place of the server's. */
  readonly instantModel?: boolean;
  /** Further settings, by path. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly kill?: { readonly point: string; readonly nth: number };
}

const options = JSON.parse(process.argv[2] ?? '{}') as FaultNodeOptions;
const flag = (path: string, value: unknown): { flag: string; path: string; value: unknown } => ({ flag: `--${path}`, path, value });

const config = await loadConfig({
  cwd: options.folder,
  env: { OPENAI_BASE_URL: options.modelUrl, OPENAI_API_KEY: 'scripted' },
  flags: [
    flag('data.dir', options.folder),
    flag('http.port', options.port),
    flag('model.name', 'openai/scripted'),
    flag('quic.enabled', 'off'),
    flag('profiles.sharing', { tools: ['memory.get', 'memory.set', 'agent.tell'] }),
    // On a loaded machine a second attempt of a slow task would hide what a kill does to the first.
    flag('strategy.stragglerFactor', 1_000),
    ...(options.natsUrls === undefined
      ? []
      : [
          flag('bus.kind', 'nats'),
          flag('bus.natsUrl', options.natsUrls),
          flag('bus.replicas', options.replicas ?? 1),
          flag('bus.leaseMs', options.leaseMs ?? 2_000),
          flag('bus.ackWaitMs', options.ackWaitMs ?? 3_000),
        ]),
    ...(options.id === undefined ? [] : [flag('node.id', options.id)]),
    ...Object.entries(options.settings ?? {}).map(([path, value]) => flag(path, value)),
  ],
});
const armed = options.kill === undefined ? undefined : killAt(options.kill.point, options.kill.nth);
const cross = (point: string): void => {
  if (options.crossingsFile !== undefined) appendFileSync(options.crossingsFile, `${point}\n`);
  armed?.(point);
};

const node = await startNode({
  config,
  roles: options.roles ?? ['gateway', 'coordinator', 'worker'],
  listen: true,
  tools: [
    defineTool({
      name: 'counter.read',
      description: 'Reads a counter.',
      input: z.strictObject({ name: z.string() }),
      repeatable: true,
      parallel: true,
      writes: false,
      run: async ({ name }) => `${name} is 1`,
    }),
    defineTool({
      name: 'counter.add',
      description: 'Adds to a counter outside; not safe to repeat.',
      input: z.strictObject({ name: z.string() }),
      writes: false,
      run: async ({ name }, { key }) => {
        appendFileSync(options.effectsFile, `${key}\n`);
        await pause(2);
        return `added to ${name}`;
      },
    }),
    defineTool({
      name: 'node.crash',
      description: 'Ends the process that runs it, every time; safe to repeat as far as anybody knows.',
      input: z.strictObject({}),
      repeatable: true,
      writes: false,
      run: async () => {
        process.kill(process.pid, 'SIGKILL');
        return 'never';
      },
    }),
  ],
  onNote: (line) => process.stderr.write(`${line}\n`),
  wrap: (parts) => withFaultPoints(options.instantModel === true ? withInstantModel(parts) : parts, cross),
});
process.on('SIGTERM', () => void node.stop({ drainMs: options.drainMs ?? 0 }).then(() => process.exit(0)));
// A node without a gateway has no port.
const http = node.endpoints.find(({ name }) => name === 'http')?.address;
process.stdout.write(`ready ${http === undefined ? 0 : new URL(http).port}\n`);
