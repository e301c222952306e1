/** `npm run mutants [-- name]`: takes each rule out of a copy of the sources and expects the first gate to turn red. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mutant, mutants } from './mutants.ts';

const root = join(import.meta.dirname, '../..');
const parts = ['protocols', 'actors', 'swarm', 'src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
/** A run that hangs is red too; this is how long it may. Milliseconds. */
const stuckMs = 12_000;

function redWithout(mutant: Mutant): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-mutant-'));
  try {
    for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const file = join(folder, mutant.file);
    const source = readFileSync(file, 'utf8');
    if (source.split(mutant.find).length !== 2) throw new Error(`'${mutant.name}': the text to replace does not stand exactly once in ${mutant.file}`);
    writeFileSync(
      file,
      source.replace(mutant.find, () => mutant.replace),
    );
    const run = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/faults/single.gate.test.ts'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, FLOCKWORK_TEST_POINTS: mutant.points.join(','), FLOCKWORK_TEST_STUCK_MS: String(stuckMs) },
    });
    return run.status !== 0 && / failed/.test(run.stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2).join(' ');
const chosen = mutants.filter(({ name }) => name.includes(wanted));
let survived = 0;
for (const mutant of chosen) {
  const red = redWithout(mutant);
  if (!red) survived += 1;
  process.stdout.write(`${red ? 'red     ' : 'SURVIVED'}  rule ${mutant.rule}: ${mutant.name}\n`);
}
process.stdout.write(`${chosen.length - survived} passed, ${survived} failed\n`);
process.exitCode = survived === 0 && chosen.length > 0 ? 0 : 1;
