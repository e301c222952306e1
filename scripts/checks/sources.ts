import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.ts';

export interface Source {
  /** Relative to the checkout. */
  readonly path: string;
  readonly text: string;
}

const ownFolders = ['protocols', 'actors', 'swarm', 'src', 'k8s', 'scripts', 'test', 'examples'];

/** The hand-written TypeScript of the checkout (the sample code base of the examples is data, not source). */
export function sources(folders: readonly string[] = ownFolders): readonly Source[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root, exclude: ['**/node_modules/**', 'examples/sample-service/**'] }))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** True for what ships: no tests, no compiled examples. */
export function isProduct({ path }: Source): boolean {
  return !path.endsWith('.test.ts') && !path.endsWith('.examples.ts');
}
