/**
 * Bundles the command line: one folder of a few modules instead of more than a thousand files, because a start is mostly
 * finding, reading and compiling modules. The library entries of the package stay as they were compiled.
 */
import { cpSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

interface Manifest {
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Folders that modules read beside themselves (`import.meta.dirname`), below the folder of the sources. */
const besideModules = ['src/inspector/page', 'src/inspector/charts'];
/** It loads a library that was compiled for the machine, which cannot be bundled. */
const native = ['@chainsafe/libp2p-quic'];
/** What a bundled CommonJS package expects to be there. */
const commonJs = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`;

/** Writes the bundle of `src/cli/main.ts` to `into`; answers how many modules it came to. */
export async function bundleCommandLine(root: string, into: string): Promise<number> {
  const { peerDependencies = {} }: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const made = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outdir: into,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: [...native, ...Object.keys(peerDependencies)],
    banner: { js: commonJs },
    legalComments: 'none',
    // What a process keeps of its sources is a part of its memory: 4 MB less. Names stay, so that a stack can be read; dist/src has the lines.
    minifyWhitespace: true,
    metafile: true,
    logLevel: 'warning',
  });
  for (const folder of besideModules) cpSync(join(root, folder), join(into, basename(folder)), { recursive: true, filter: (path) => !path.endsWith('.ts') });
  writeFileSync(join(into, 'THIRD-PARTY.txt'), licences(root, Object.keys(made.metafile.inputs)));
  return Object.keys(made.metafile.outputs).length;
}

/** The licence of every package that went in, as their terms ask. */
function licences(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = packageOf(join(root, folder));
    const files = globSync('{LICENSE,LICENCE,license,NOTICE}*', { cwd: join(root, folder) });
    const text = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim()).join('\n\n');
    return `${name} ${version} (${license})\n${'-'.repeat(72)}\n${text}\n`;
  });
  return `The command line contains these packages, each under its own licence.\n\n${texts.join('\n\n')}`;
}

function packageOf(folder: string): { readonly name: string; readonly version: string; readonly license: string } {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) throw new Error(`bundle: ${folder} has no package.json; run npm ci`);
  const { name = folder, version = '', license = 'unknown' }: { name?: string; version?: string; license?: string } = JSON.parse(readFileSync(file, 'utf8'));
  return { name, version, license };
}
