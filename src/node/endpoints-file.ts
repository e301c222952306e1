import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a client on this machine finds the node of a data folder. */
export interface EndpointsFile {
  readonly pid: number;
  readonly node: string;
  readonly http?: string;
  readonly ws: string;
  readonly quic?: string;
  readonly tcp?: string;
  readonly startedAt: string;
  /** The process works on goals of its own and takes no others: `flockwork run`. */
  readonly private?: true;
  /** What such a process wants from those who connect: whoever can read this file. */
  readonly token?: string;
}

const endpointsName = 'endpoints.json';
const pidName = 'node.pid';

/** Readable by the owner only. */
export function writePid(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, pidName), `${process.pid}\n`, { mode: 0o600 });
}

export function writeEndpoints(folder: string, endpoints: EndpointsFile): void {
  writeFileSync(join(folder, endpointsName), `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
}

export function removeNodeFiles(folder: string): void {
  for (const name of [endpointsName, pidName]) rmSync(join(folder, name), { force: true });
}
