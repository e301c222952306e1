/**
 * Builds dist: compiles the layers, copies what is not TypeScript beside it, and bundles the command line. Runs as `npm run build`,
 * and as `prepare` in a fresh clone. The new dist is made aside and swapped in, so that a failed build leaves the old one as it was.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bundleCommandLine } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** A swap is two renames; another build can come between them. */
const swapAttemptsMax = 5;
const stampFile = join(dist, '.stamp');
const layers = ['protocols', 'actors', 'swarm', 'src'];

function compilerPath(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')), 'bin', 'tsc');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function compile(compiler: string, into: string): boolean {
  const run = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', into], { cwd: root, stdio: 'inherit' });
  if (run.error !== undefined) throw run.error;
  return run.status === 0;
}

function layerFiles(): readonly string[] {
  const present = layers.filter((layer) => existsSync(join(root, layer)));
  const found = present.flatMap((layer) =>
    globSync(`${layer}/**/*`, { cwd: root, exclude: ['**/*.md', '**/*.test.ts', '**/*.examples.ts', '**/node_modules/**'] }),
  );
  return found.filter((path) => statSync(join(root, path)).isFile()).sort();
}

/** Of all that dist is made from: dist with the same stamp is up to date. */
function stampOf(files: readonly string[]): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of [...files, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build.ts', 'scripts/bundle.ts'])
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

/** Pages, schemas and the like that the code reads at run time. */
function copyAssets(files: readonly string[], into: string): number {
  const assets = files.filter((path) => !path.endsWith('.ts'));
  for (const path of assets) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    cpSync(join(root, path), join(into, path));
  }
  return assets.length;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** What a build that was killed left behind. */
function removeLeftovers(): void {
  for (const name of readdirSync(root)) {
    const owner = /^dist-(?:new|old)-(\d+)$/.exec(name)?.[1];
    if (owner !== undefined && !lives(Number(owner))) rmSync(join(root, name), { recursive: true, force: true });
  }
}

/** Two builds may run at once: the one that finds a dist where it just made room moves that aside too. */
function swapIn(fresh: string, old: string): void {
  for (let attempt = 1; ; attempt++) {
    rmSync(old, { recursive: true, force: true });
    if (existsSync(dist)) renameSync(dist, old);
    try {
      renameSync(fresh, dist);
      return;
    } catch (error) {
      if (attempt === swapAttemptsMax) throw error;
    }
  }
}

async function build(): Promise<number> {
  const started = performance.now();
  const compiler = compilerPath();
  if (compiler === undefined) {
    const built = existsSync(dist);
    process.stderr.write(
      `build: the compiler is not installed (development dependencies were left out); ${built ? 'keeping dist as it is' : 'run npm ci without --omit=dev'}\n`,
    );
    return built ? 0 : 1;
  }
  removeLeftovers();
  const files = layerFiles();
  const stamp = stampOf(files);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    process.stderr.write(`build: dist is up to date, ${globSync('**/*.js', { cwd: dist }).length} modules\n`);
    return 0;
  }
  const fresh = join(root, `dist-new-${process.pid}`);
  const old = join(root, `dist-old-${process.pid}`);
  try {
    if (!compile(compiler, fresh)) {
      process.stderr.write('build: the compiler reported errors; dist is unchanged\n');
      return 1;
    }
    const modules = globSync('**/*.js', { cwd: fresh }).length;
    if (modules === 0) throw new Error('the compiler wrote no modules: check include in tsconfig.build.json');
    const assets = copyAssets(files, fresh);
    const bundled = await bundleCommandLine(root, join(fresh, 'cli'));
    writeFileSync(join(fresh, '.stamp'), stamp);
    swapIn(fresh, old);
    process.stderr.write(
      `build: ${modules} modules and ${assets} other files in dist, the command line in ${bundled}, ${Math.round(performance.now() - started)} ms\n`,
    );
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

process.exitCode = await build();
