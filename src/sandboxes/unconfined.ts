import { runProcess, type SandboxOutcome, type SandboxRun } from './bounded-process.ts';

/** Runs commands as the node's own user, without isolation. */
export interface Unconfined {
  readonly kind: 'none';
  probe(): Promise<void>;
  run(run: SandboxRun): Promise<SandboxOutcome>;
}

/**
 * The sandbox "none": a command sees the network and every file that the node sees. Timeout, output bound, abort and an
 * empty environment still hold; a process that leaves its process group survives them. It is made only where the configuration names it.
 */
export function createUnconfined(): Unconfined {
  return {
    kind: 'none',
    probe: () => Promise.resolve(),
    async run({ command, root, timeoutMs, outputBytesMax, signal }) {
      const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: root, LANG: 'C.UTF-8' };
      const { code, ended, output } = await runProcess({
        file: '/bin/sh',
        args: ['-c', `exec 2>&1\n${command}`],
        cwd: root,
        env,
        timeoutMs,
        outputBytesMax,
        signal,
      });
      return { code, ended, output };
    },
  };
}
