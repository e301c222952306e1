import type { Log } from '../../telemetry/index.ts';
import { exitCodes, failureText } from '../exit.ts';
import { giveBackWhenIdle } from '../idle-heap.ts';
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
  const { node, log } = await withTightHeap(async () => {
    const { createNodeLog, startNode } = await import('../../node/index.ts');
    const terminal = io.stderr.isTTY === true;
    const made = await createNodeLog(config, { terminal, color: terminal && (io.env['NO_COLOR'] ?? '') === '', writeLine: (line) => note(io, line) });
    try {
      return { log: made, node: await startNode({ config, roles: values.node.roles, listen: true, log: made }) };
    } catch (error) {
      made.begin();
      await made.close();
      throw error;
    }
  });
  const stopped = interruption(io);
  const tell = (message: string): void => log.write({ level: 'info', area: 'node', message });
  const beginning = `flockwork: model ${node.model.model} (${node.model.why}) · bus ${node.busKind} · data ${node.dataDir} · quota ${quotaText(values.quota)}`;
  // Whoever asks for JSON gets nothing else; for everybody else this is the first line, whatever was noted while starting.
  if (values.log.format !== 'json') note(io, beginning);
  log.begin();
  if (values.log.format === 'json' || values.log.file !== '') tell(beginning);
  const stopGiving = giveBackWhenIdle();
  const unhang = io.onHangup?.(() => void reread(io, options, log));
  for (const { name, address } of node.endpoints)
    await (options.json === true ? printJson(io, { type: 'endpoint', name, address }) : printLine(io, `${name.padEnd(4)}  ${address}`));
  await (options.json === true
    ? printJson(io, { type: 'ready', node: node.id, pid: process.pid })
    : printLine(io, `ready node=${node.id} pid=${process.pid} roles=${values.node.roles.join(',')}`));

  const signal = await stopped;
  tell(`${signal}: draining for at most ${counted(Math.ceil(values.node.drainMs / 1_000), 'second')}; again to stop at once`);
  const release = io.onInterrupt(() => io.exitNow(exitCodes.interrupted));
  await node.stop({ drainMs: values.node.drainMs });
  release();
  stopGiving();
  unhang?.();
  await log.close();
  return signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.completed;
}

/** SIGHUP: the levels of the log as the configuration has them now, and its file opened again. */
async function reread(io: CommandIo, options: StartOptions, log: Log): Promise<void> {
  log.reopen();
  try {
    const { values } = await loadSettings(io, options, true);
    log.setLevels(values.log);
    log.write({ level: 'info', area: 'node', message: `SIGHUP: the log has level ${[values.log.level, ...values.log.areas].join(', ')}` });
  } catch (error) {
    log.write({ level: 'error', area: 'node', message: `SIGHUP: the levels of the log stay as they are: ${failureText(error)}` });
  }
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
