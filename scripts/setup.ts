/**
 * `npm run setup`: finds what the tests need and installs what is missing, as root on Debian and its children; elsewhere it prints the
 * command. Doing it again is quick and changes nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { root } from './checks/run.ts';
import { type MissingService, missingServices, servicePath, services } from './services/services.ts';
import { testFiles } from './services/test-files.ts';

const attemptsMax = 3;
const retryMs = 3_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function aptGet(args: readonly string[]): boolean {
  const options = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  const done = spawnSync('apt-get', [...options, ...args], {
    env: { ...process.env, PATH: servicePath(), DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return done.error === undefined && done.status === 0;
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function install(packages: readonly string[]): boolean {
  const args = ['install', '--no-install-recommends', ...packages];
  // The lists of a fresh image are empty, and those of an old one name packages that are gone.
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    if (aptGet(['update']) && aptGet(args)) return true;
    say(`setup: apt-get failed (attempt ${attempt} of ${attemptsMax})`);
    if (attempt < attemptsMax) pause(retryMs);
  }
  return false;
}

function explain(missing: readonly MissingService[]): void {
  for (const service of missing) say(`  ${service.name}: ${service.why}`);
}

function main(): number {
  const files = testFiles(root);
  const wanted = services.filter((service) => service.always || files.some((file) => file.needs.includes(service.name)));
  const missing = missingServices(wanted);
  if (missing.length === 0) {
    say(`setup: nothing to do, all there: ${wanted.map((service) => service.name).join(', ')}`);
    return 0;
  }
  say('setup: missing');
  explain(missing);
  const packages = missing.map((service) => service.debianPackage);
  const debian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
  if (!debian) {
    say('setup: this system is not Debian or a child of it; get them yourself:');
    for (const service of missing) say(`  ${service.name}: ${service.elsewhere}`);
    return 1;
  }
  if (process.getuid?.() !== 0) {
    say(`setup: not root; run this, then npm test:\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`);
    return 1;
  }
  if (!install(packages)) return 1;
  const still = missingServices(missing);
  if (still.length > 0) {
    say('setup: installed, and yet not usable');
    explain(still);
    return 1;
  }
  say(`setup: installed ${packages.join(', ')}; all there: ${wanted.map((service) => service.name).join(', ')}`);
  return 0;
}

process.exitCode = main();
