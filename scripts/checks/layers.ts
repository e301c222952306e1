import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root as checkout, run } from './run.ts';

/** The folders whose walls are checked. */
export const layerFolders = ['protocols', 'actors', 'swarm', 'src'] as const;

export interface LayerReport {
  /** TypeScript modules that the cruiser read. */
  readonly cruised: number;
  /** TypeScript files that the tree has. */
  readonly present: number;
  /** Each as `rule: from → to`. */
  readonly violations: readonly string[];
}

interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }[] };
}

/**
 * Reads every module of the layers and holds each import against `.dependency-cruiser.cjs`. The counts must be equal:
 * with a compiler that it cannot use, the cruiser sees no module and finds nothing wrong.
 */
export function checkLayers(root: string = checkout): LayerReport {
  const folders = layerFolders.filter((folder) => existsSync(join(root, folder)));
  if (folders.length === 0) throw new Error(`no layer under ${root}`);
  const cruiser = join(checkout, 'node_modules', '.bin', 'depcruise');
  const done = run(cruiser, [...folders, '--config', '.dependency-cruiser.cjs', '--output-type', 'json'], {}, root);
  if (!done.stdout.startsWith('{')) throw new Error(`dependency-cruiser failed: ${done.stderr.trim() || done.stdout.trim()}`);
  const result: CruiseResult = JSON.parse(done.stdout);
  const inLayers = new RegExp(`^(${layerFolders.join('|')})/.*\\.ts$`);
  return {
    cruised: result.modules.filter((module) => inLayers.test(module.source)).length,
    present: folders.reduce((count, folder) => count + globSync(`${folder}/**/*.ts`, { cwd: root }).length, 0),
    violations: result.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`),
  };
}

/** Dependencies of package.json without a door, and doors without a dependency. */
export function doorGaps(): readonly string[] {
  const manifest: { dependencies: Record<string, string>; peerDependencies?: Record<string, string> } = JSON.parse(
    readFileSync(join(checkout, 'package.json'), 'utf8'),
  );
  const doors: Record<string, string> = JSON.parse(readFileSync(join(checkout, 'scripts', 'checks', 'doors.json'), 'utf8'));
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  return [
    ...names.filter((name) => !Object.hasOwn(doors, name)).map((name) => `${name} has no door in scripts/checks/doors.json`),
    ...Object.keys(doors)
      .filter((name) => !names.includes(name))
      .map((name) => `${name} has a door and is no dependency`),
  ];
}
