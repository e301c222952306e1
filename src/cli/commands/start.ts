import { exitCodes } from '../exit.ts';
import { type CommandIo, type InterruptSignal, note, printJson, printLine } from '../io.ts';
import { counted, quotaText } from '../output/figures.ts';
import { loadSettings, type SettingOptions } from '../settings.ts';
import { withTightHeap } from '../tight-heap.ts';

export interface StartOptions extends SettingOptions {
  readonly json?: boolean;
}

/** The service: prints where it listens, then `ready`, and runs until SIGTERM or Ctrl-C drains it. */
export async function start(io: CommandIo, options: StartOptions): Promise<number> {
  const config = await loadSettings(io, options, true);
  const { values } = config;
  const node = await withTightHeap(async () => {
    const { startNode } = await import('../../node/index.ts');
    return startNode({ config, roles: values.node.roles, listen: true, onNote: (line) => note(io, line) });
  });
  const stopped = interruption(io);
  note(io, `flockwork: model ${node.model.model} (${node.model.why}) · bus ${node.busKind} · data ${node.dataDir} · quota ${quotaText(values.quota)}`);
  for (const { name, address } of node.endpoints)
    await (options.json === true ? printJson(io, { type: 'endpoint', name, address }) : printLine(io, `${name.padEnd(4)}  ${address}`));
  await (options.json === true
    ? printJson(io, { type: 'ready', node: node.id, pid: process.pid })
    : printLine(io, `ready node=${node.id} pid=${process.pid} roles=${values.node.roles.join(',')}`));

  const signal = await stopped;
  note(io, `${signal}: draining for at most ${counted(Math.ceil(values.node.drainMs / 1_000), 'second')}; again to stop at once`);
  const release = io.onInterrupt(() => io.exitNow(exitCodes.interrupted));
  await node.stop({ drainMs: values.node.drainMs });
  release();
  return signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.completed;
}

/** The first interrupt from now on. */
export function interruption(io: CommandIo): Promise<InterruptSignal> {
  return new Promise((resolve) => {
    const release = io.onInterrupt((signal) => {
      release();
      resolve(signal);
    });
  });
}
