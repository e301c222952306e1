import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.ts';

/** One way into the built package: what `exports` of package.json names. */
export interface Entry {
  /** As an importer writes it: `flockwork`, `flockwork/client`, … */
  readonly specifier: string;
  /** `flockwork`, `client`, …: names its listing in etc/. */
  readonly name: string;
  readonly types: string;
  readonly module: string;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

export function entries(): readonly Entry[] {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.entries(manifest.exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return [];
    const name = path === '.' ? manifest.name : path.slice(2);
    return [
      { specifier: path === '.' ? manifest.name : `${manifest.name}/${name}`, name, types: join(root, target.types), module: join(root, target.default) },
    ];
  });
}

/** Packages and Node modules that a built module pulls in, over all modules it leads to. */
export function importedPackages(module: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  const packages = new Set<string>();
  if (seen.has(module)) return packages;
  seen.add(module);
  for (const [, specifier = ''] of readFileSync(module, 'utf8').matchAll(/^(?:import|export)\s(?:[^;=()]*?\sfrom\s)?\s*['"]([^'"]+)['"];$/gm)) {
    if (specifier.startsWith('.')) for (const name of importedPackages(join(module, '..', specifier), seen)) packages.add(name);
    else packages.add(specifier);
  }
  return packages;
}

const browserSafe: Readonly<Record<string, ReadonlySet<string>>> = { protocols: new Set(['zod']), client: new Set(['zod']) };

/** Imports every built entry as a user would; answers what is wrong. */
export function checkEntries(): { readonly problems: readonly string[]; readonly loaded: number } {
  const problems: string[] = [];
  let loaded = 0;
  for (const entry of entries()) {
    if (!existsSync(entry.module) || !existsSync(entry.types)) {
      problems.push(`${entry.specifier}: ${entry.module} or its types are not built`);
      continue;
    }
    const script = `import('${entry.specifier}').then((module) => { console.log(Object.keys(module).length); })`;
    const done = run('node', ['--no-experimental-strip-types', '--input-type=module', '--eval', script]);
    if (done.status !== 0 || Number(done.stdout) === 0)
      problems.push(`${entry.specifier}: does not load or exports nothing: ${done.stderr.trim().slice(0, 2_000)}`);
    else loaded++;
    const allowed = browserSafe[entry.name];
    const others = allowed === undefined ? [] : [...importedPackages(entry.module)].filter((name) => !allowed.has(name.split('/')[0] ?? ''));
    if (others.length > 0) problems.push(`${entry.specifier}: pulls in ${others.join(', ')}`);
  }
  return { problems, loaded };
}
