import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect } from 'vitest';
import { type MockModel, type MockModelOptions, startMockModel } from '../../src/testing/mock-model/index.ts';

/** The checkout, and the command line as its sources have it. */
export const checkout: string = fileURLToPath(new URL('../../', import.meta.url));
const main = join(checkout, 'src/cli/main.ts');
/** What a process and a small goal may take on a busy machine, in milliseconds. */
export const processMaxMs = 60_000;
const pollMs = 15;
/** Compiled sources are kept between processes and runs: most of a short command's time. */
const compileCache = join(tmpdir(), 'flockwork-compile-cache');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<Ended>;
}

export interface LiveNode extends Running {
  readonly http: string;
  readonly ws: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What the process reads; then its stdin ends. */
  readonly stdin?: string | Uint8Array;
}

/** Waits for a condition, for at most `processMaxMs`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(async () => ((await condition()) ? what : `not yet: ${what}`), { timeout: processMaxMs, interval: pollMs }).toBe(what);
}

/** A folder of its own for one test and the processes that it starts there: each is the real command line, in its own process. */
export class Stage {
  readonly folder: string;
  /** The data folder that every command finds by default. */
  readonly data: string;
  readonly #children = new Set<ChildProcessWithoutNullStreams>();
  readonly #models: MockModel[] = [];
  readonly #atClose: (() => void)[] = [];
  readonly #onExit = (): void => {
    for (const child of this.#children) child.kill('SIGKILL');
  };

  private constructor(folder: string) {
    this.folder = folder;
    this.data = join(folder, '.flockwork');
    process.once('exit', this.#onExit);
  }

  static async open(): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'flockwork-e2e-')));
  }

  async close(): Promise<void> {
    const closed = [...this.#children].map((child) => new Promise((resolve) => child.once('close', resolve)));
    this.#onExit();
    await Promise.all([...closed, ...this.#models.map((model) => model.close())]);
    process.off('exit', this.#onExit);
    for (const undo of this.#atClose) undo();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Runs when every process of the stage is gone, before the folder goes. */
  atClose(undo: () => void): void {
    this.#atClose.push(undo);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await writeFile(this.path(path), content);
  }

  read(path: string): Promise<string> {
    return readFile(this.path(path), 'utf8');
  }

  /** Starts any program in the folder, with an environment that holds nothing of ours but what is given. */
  spawn(command: string, args: readonly string[], { env = {}, cwd = this.folder, stdin }: StartOptions = {}): Running {
    const child = spawn(command, args, { cwd, env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, NODE_COMPILE_CACHE: compileCache, ...env } });
    this.#children.add(child);
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    // A process that ended before it read its input broke the pipe; how it ended is what counts.
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(stdin);
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code, signal) => {
        this.#children.delete(child);
        resolve({ code, signal, out, err });
      });
    });
    return { child, out: () => out, err: () => err, ended };
  }

  /** Starts a command of the product. */
  start(argv: readonly string[], options: StartOptions = {}): Running {
    return this.spawn(process.execPath, [main, ...argv], options);
  }

  /** Runs a command to its end. */
  cli(...argv: string[]): Promise<Ended> {
    return this.start(argv).ended;
  }

  /** `start` on a free port, once it is ready. QUIC has one port by default, which nodes side by side would fight for. */
  async node(argv: readonly string[] = [], options: StartOptions = {}): Promise<LiveNode> {
    const running = this.start(['start', '--http-port', '0', ...argv], { ...options, env: { FLOCKWORK_QUIC_ENABLED: 'off', ...options.env } });
    await until('the node is ready', () => {
      if (running.child.exitCode !== null) throw new Error(`the node ended with ${running.child.exitCode}: ${running.err()}`);
      return /^ready/m.test(running.out());
    });
    const address = (name: string): string => new RegExp(`^${name} +(\\S+)$`, 'm').exec(running.out())?.[1] ?? '';
    return { ...running, http: address('http'), ws: address('ws') };
  }

  /** A scripted model in this process, and the environment that names it as `openai/…`. */
  async model(options: MockModelOptions = {}): Promise<{ readonly model: MockModel; readonly env: Readonly<Record<string, string>> }> {
    const model = await startMockModel(options);
    this.#models.push(model);
    return { model, env: { OPENAI_BASE_URL: model.baseUrl } };
  }
}

/** The stage of the test that runs. */
export function useStage(): () => Stage {
  let stage: Stage | undefined;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  });
  return () => {
    if (stage === undefined) throw new Error('a stage is there only while a test runs');
    return stage;
  };
}

/** One JSON value per line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The id of the goal that a command told on stderr. */
export function goalIn(err: string): string {
  const id = /\bgoal (g-\w+)/.exec(err)?.[1];
  if (id === undefined) throw new Error(`no goal is named in: ${err}`);
  return id;
}
