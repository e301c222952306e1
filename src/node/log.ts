import { hostname } from 'node:os';
import type { LoadedConfig } from '../config/index.ts';
import { createLog, type Log } from '../telemetry/index.ts';
import { createLeakScan } from '../tools/index.ts';

/** The log of a node as its configuration asks for it: for a person on a terminal, in JSON lines everywhere else. */
export function createNodeLog(
  { values, secrets }: LoadedConfig,
  to: { readonly terminal: boolean; readonly color: boolean; readonly writeLine: (line: string) => void },
): Promise<Log> {
  const { level, areas, file } = values.log;
  const format = values.log.format === 'auto' ? (to.terminal ? 'text' : 'json') : values.log.format;
  return createLog({
    level,
    areas,
    format,
    file,
    writeLine: to.writeLine,
    color: to.color,
    base: { pid: process.pid, hostname: hostname() },
    redact: createLeakScan(secrets).redact,
  });
}
