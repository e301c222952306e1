import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.ts';

/** What a lockfile says of one installed folder; only the fields used here. */
export interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
  readonly [field: string]: unknown;
}

export interface Gap {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

export function readLockfile(): Lockfile {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
}

/**
 * Optional packages of other platforms that the lockfile does not list. npm leaves out what it did not meet while it wrote the file
 * (https://github.com/npm/cli/issues/4828); `npm ci` then refuses the whole file, or installs a tool without its binary elsewhere.
 */
export function lockfileGaps({ packages }: Lockfile): readonly Gap[] {
  const gaps = new Map<string, Gap>();
  for (const [path, { optionalDependencies = {}, dev = false }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const near = path === '' ? `node_modules/${name}` : `${path}/node_modules/${name}`;
      if (packages[near] === undefined && packages[`node_modules/${name}`] === undefined) gaps.set(name, { name, version, dev });
    }
  }
  return [...gaps.values()];
}

const systems = ['android', 'darwin', 'win32', 'linux', 'freebsd', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix'];
const processors = ['arm64', 'x64', 'ia32', 'arm', 'riscv64', 'ppc64', 's390x', 'loong64', 'mips64el', 'wasm32'];

/** For which machine a package is, read from its name: `@biomejs/cli-linux-x64-musl`. Undefined when the name does not say it. */
export function platformOf(name: string): { os?: string[]; cpu: string[]; libc?: string[] } | undefined {
  const parts = name.split(/[/-]/);
  const cpu = processors.find((processor) => parts.some((part) => part === processor || (processor === 'arm' && part.startsWith('arm') && part !== 'arm64')));
  const os = systems.find((system) => parts.includes(system));
  if (cpu === 'wasm32') return { cpu: [cpu] };
  if (cpu === undefined || os === undefined) return undefined;
  const libc = parts.some((part) => part.startsWith('musl')) ? ['musl'] : parts.some((part) => part.startsWith('gnu')) ? ['glibc'] : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc }) };
}

/** The lockfile with an entry for each gap, so that `npm ci` takes it on every machine; packages in npm's order. */
export function completed(lockfile: Lockfile): Lockfile {
  const packages: Record<string, LockedPackage> = { ...lockfile.packages };
  for (const { name, version, dev } of lockfileGaps(lockfile)) {
    const platform = platformOf(name);
    if (platform === undefined)
      throw new Error(`${name} ${version} is not in the lockfile, and its name does not say for which machine it is; run npm install`);
    packages[`node_modules/${name}`] = { version, ...platform, ...(dev ? { dev } : {}), optional: true };
  }
  const ordered = Object.keys(packages).sort((a, b) => a.localeCompare(b, 'en'));
  return { ...lockfile, packages: Object.fromEntries(ordered.map((path) => [path, packages[path] ?? {}])) };
}
