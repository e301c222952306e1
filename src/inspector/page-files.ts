import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** A file of the page, whole. */
export interface PageFile {
  readonly contentType: string;
  readonly bytes: Buffer;
}

export interface PageFiles {
  /** `index.html`, or a name below `/inspector/`; undefined for everything else. */
  file(name: string): PageFile | undefined;
  /** True for the states in which an actor of that machine has ended, as its chart says. */
  readonly ended: (machine: string, state: string) => boolean;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

interface ChartStates {
  readonly machine: string;
  readonly states: readonly { readonly id: string; readonly ended: boolean }[];
}

/** Reads the page and the charts once; a name that is not among them is no file. */
export function createPageFiles(): PageFiles {
  const files = new Map<string, PageFile>();
  const take = (folder: string, prefix: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const contentType = contentTypes[extname(entry.name)];
      if (entry.isDirectory()) take(join(folder, entry.name), `${prefix}${entry.name}/`);
      else if (contentType !== undefined) files.set(`${prefix}${entry.name}`, { contentType, bytes: readFileSync(join(folder, entry.name)) });
    }
  };
  take(join(import.meta.dirname, 'page'), '');
  take(join(import.meta.dirname, 'charts'), 'charts/');
  const ends = new Map<string, ReadonlySet<string>>();
  for (const [name, { bytes }] of files) {
    if (!name.endsWith('.chart.json')) continue;
    const { machine, states }: ChartStates = JSON.parse(bytes.toString('utf8'));
    ends.set(machine, new Set(states.filter(({ ended }) => ended).map(({ id }) => id)));
  }
  return { file: (name) => files.get(name), ended: (machine, state) => ends.get(machine)?.has(state) === true };
}
