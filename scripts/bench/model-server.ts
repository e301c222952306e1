import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The scripted model in a process of its own, so that its CPU is nobody's cost here. */
export interface ModelServer {
  /** With `/v1`. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

const main = fileURLToPath(new URL('../../src/testing/mock-model/main.ts', import.meta.url));

/** In each round it calls `tool`; `script` is a file of rules. */
export async function startModelServer({ tool = 'bench.echo', script }: { tool?: string; script?: string } = {}): Promise<ModelServer> {
  const steps = JSON.stringify({ tool, input: { text: 'step {{step}} call {{call}}' }, text: 'done' });
  const child = spawn(process.execPath, [main, '--stdin', '--steps', steps, ...(script === undefined ? [] : ['--script', script])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { baseUrl } = JSON.parse(line) as { baseUrl: string };
  return {
    baseUrl,
    async close() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
