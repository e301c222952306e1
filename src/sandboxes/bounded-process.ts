import { spawn } from 'node:child_process';
import { FlockworkError } from '../../protocols/errors/error.ts';

/** One command for a sandbox. */
export interface SandboxRun {
  /** Shell text, for /bin/sh. */
  readonly command: string;
  /** The folder on the host that the command may change; inside it is /workspace. */
  readonly root: string;
  readonly timeoutMs: number;
  /** Above this many bytes of output the command is ended. */
  readonly outputBytesMax: number;
  readonly signal: AbortSignal;
}

/** How a command ended. */
export interface SandboxOutcome {
  /** The exit code, 128 + n when a signal ended it; null when it was ended from here. */
  readonly code: number | null;
  readonly ended: 'exited' | 'timeout' | 'flood' | 'aborted';
  /** stdout and stderr in the order in which they were written, at most `outputBytesMax`. */
  readonly output: Uint8Array;
}

/** How long a killed process group may take to close its pipes before they are closed from here. */
export const killGraceMs = 2_000;
/** What is kept of the streams that carry no output of the command: the sandbox's own complaints and its status. */
const sideBytesMax = 8_192;

interface ProcessOptions extends Omit<SandboxRun, 'command' | 'root'> {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What one process did. `status` is what it wrote to descriptor 3. */
export interface ProcessOutcome extends SandboxOutcome {
  readonly errors: string;
  readonly status: string;
}

/**
 * Runs a program in a process group of its own and ends the whole group on timeout, abort, flood, and when its leader exits.
 * Throws `sandbox_unavailable` when the program cannot be started.
 */
export function runProcess({ file, args, cwd, env, timeoutMs, outputBytesMax, signal }: ProcessOptions): Promise<ProcessOutcome> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve({ code: null, ended: 'aborted', output: new Uint8Array(), errors: '', status: '' });
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env, ...(cwd === undefined ? {} : { cwd }) });
    let ended: SandboxOutcome['ended'] = 'exited';
    let settled = false;
    let grace: NodeJS.Timeout | undefined;
    const output = collect(outputBytesMax);
    const errors = collect(sideBytesMax);
    const status = collect(sideBytesMax);
    const [, stdout, stderr, report] = child.stdio;

    const killGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        // ESRCH: the group is gone already, which is what was wanted.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') child.kill('SIGKILL');
      }
    };
    const end = (reason: SandboxOutcome['ended']): void => {
      if (ended !== 'exited' || settled) return;
      ended = reason;
      killGroup();
      grace = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
        finish(null);
      }, killGraceMs);
    };
    const onAbort = (): void => end('aborted');
    const timer = setTimeout(end, timeoutMs, 'timeout');
    const finish = (code: number | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
      resolve({ code: ended === 'exited' ? code : null, ended, output: output.bytes(), errors: decode(errors.bytes()), status: decode(status.bytes()) });
    };

    signal.addEventListener('abort', onAbort, { once: true });
    stdout?.on('data', (chunk: Buffer) => {
      if (output.take(chunk)) end('flood');
    });
    stderr?.on('data', (chunk: Buffer) => void errors.take(chunk));
    report?.on('data', (chunk: Buffer) => void status.take(chunk));
    child.on('error', (cause) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
      reject(
        new FlockworkError('sandbox_unavailable', `${file} could not be started, so nothing was run: ${cause.message}`, { cause, details: { program: file } }),
      );
    });
    // A background process that the command left behind would hold the pipes open.
    child.on('exit', killGroup);
    child.on('close', (code, name) => finish(code ?? (name === null ? null : 128)));
  });
}

interface Collected {
  /** True when the bound is passed; what is above it is dropped. */
  take(chunk: Buffer): boolean;
  bytes(): Uint8Array;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function collect(bytesMax: number): Collected {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    take(chunk) {
      const left = bytesMax - size;
      size += chunk.length;
      if (left > 0) chunks.push(chunk.subarray(0, left));
      return size > bytesMax;
    },
    bytes: () => Buffer.concat(chunks),
  };
}
