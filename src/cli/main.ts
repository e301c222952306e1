/** The command line: what bin/flockwork.cjs and `npm run dev` load. Everything heavy is loaded by the command that needs it. */
import { version } from '../node/version.ts';
import { hasCode } from './endpoints.ts';
import { exitCodes } from './exit.ts';
import type { CommandIo, InterruptSignal } from './io.ts';
import { runCommandLine } from './program.ts';

/** The streams and signals of this process. */
function processIo(): CommandIo {
  const listeners: ((signal: InterruptSignal) => void)[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const listener = listeners.at(-1);
      if (listener === undefined) process.exit(exitCodes.interrupted);
      listener(signal);
    });
  }
  // The reader of a pipe has seen enough: `flockwork goals | head -1`.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (hasCode(error, 'EPIPE')) process.exit(exitCodes.completed);
      throw error;
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    onInterrupt(listener) {
      listeners.push(listener);
      return () => {
        const at = listeners.indexOf(listener);
        if (at >= 0) listeners.splice(at, 1);
      };
    },
    onHangup(listener) {
      process.on('SIGHUP', listener);
      return () => void process.off('SIGHUP', listener);
    },
    exitNow: (code) => process.exit(code),
  };
}

const io = processIo();
// The waits of a node do not keep a process alive; a command that runs does.
const alive = setInterval(() => undefined, 2 ** 30);
const code = await runCommandLine(process.argv.slice(2), io, version);
// Pipes are asynchronous: what was printed leaves before the process does.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((flushed) => stream.write('', () => flushed()))));
clearInterval(alive);
process.exit(code);
