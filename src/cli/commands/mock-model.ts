import { resolve } from 'node:path';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { interruption } from './start.ts';

export interface MockModelCommandOptions {
  readonly port?: string;
  readonly script?: string;
  readonly json?: boolean;
}

/** A scripted model server on this machine, until Ctrl-C. */
export async function mockModel(io: CommandIo, options: MockModelCommandOptions): Promise<number> {
  const port = Number(options.port ?? '0');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new FlockworkError('usage', `--port ${options.port ?? ''}: must be a whole number from 0 to 65535`);
  const { startMockModel } = await import('../../testing/mock-model/index.ts');
  const server = await startMockModel({ port, ...(options.script === undefined ? {} : { script: resolve(io.cwd, options.script) }) });
  const stopped = interruption(io);
  if (options.json === true) await printJson(io, { type: 'ready', url: server.url, baseUrl: server.baseUrl, anthropicBaseUrl: server.url, pid: process.pid });
  else {
    await printLine(io, `http  ${server.baseUrl}`);
    await printLine(io, `ready pid=${process.pid}`);
    note(io, `use it with: OPENAI_BASE_URL=${server.baseUrl} flockwork run "<goal>" --model openai/<name>`);
    note(io, `or with:     ANTHROPIC_BASE_URL=${server.url} flockwork run "<goal>" --model anthropic/<name>`);
  }
  const signal = await stopped;
  await server.close();
  return signal === 'SIGINT' ? 130 : 0;
}
