import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mutant, mutants, planted } from './mutants.ts';

const root = join(import.meta.dirname, '../..');
const parts = ['protocols', 'actors', 'swarm', 'src/testing', 'scripts/simulate', 'package.json', 'tsconfig.json'];
/** A mutant that lets the simulator hang is caught too; this is how long it may. Milliseconds. */
const stuckMs = 300_000;
const schedules = 3_000;

/** What the simulator says of a copy of the sources with the fault in it; undefined = nothing. */
function caught(mutant: Mutant): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'flockwork-mutant-'));
  try {
    for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const change of mutant.changes) {
      const path = join(folder, change.file);
      writeFileSync(path, planted(readFileSync(path, 'utf8'), change));
    }
    const run = spawnSync(process.execPath, ['scripts/simulate/main.ts', '--seed', '1', '--schedules', String(schedules)], {
      cwd: folder,
      encoding: 'utf8',
      timeout: stuckMs,
    });
    if (run.status === 0) return undefined;
    return /^seed \d+ \(\S+\): .*$/m.exec(run.stdout)?.[0] ?? `ended with ${run.status ?? run.signal}: ${run.stderr.slice(-500)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Plants each fault whose name contains `wanted`, and answers 0 when the simulator caught all of them. */
export function runMutants(wanted: string): number {
  const chosen = mutants.filter(({ name }) => name.includes(wanted));
  let survived = 0;
  for (const mutant of chosen) {
    const what = caught(mutant);
    const byPromise = what?.startsWith('seed ') === true;
    if (!byPromise) survived += 1;
    process.stdout.write(
      `${byPromise ? 'caught  ' : what === undefined ? 'SURVIVED' : 'BROKEN  '}  ${mutant.name}\n${what === undefined ? '' : `            ${what.slice(0, 200)}\n`}`,
    );
  }
  process.stdout.write(`${chosen.length - survived} passed, ${survived} failed\n`);
  return survived === 0 && chosen.length > 0 ? 0 : 1;
}
