import { spawnSync } from 'node:child_process';

/** Where Debian puts servers and tools that a plain user's PATH leaves out. */
const extraPath = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];
const probeMs = 15_000;

/** A program on the machine that some suites cannot do without. */
export interface Service {
  readonly name: string;
  /** Runs it for real, so that a program that is there but may not work (a sandbox in a container) counts as missing. */
  readonly probe: readonly [command: string, ...args: string[]];
  readonly debianPackage: string;
  /** How to get it elsewhere, as one command or address. */
  readonly elsewhere: string;
  /** True when a working checkout needs it even if no test file says so. */
  readonly always: boolean;
}

export const services: readonly Service[] = [
  { name: 'git', probe: ['git', '--version'], debianPackage: 'git', elsewhere: 'https://git-scm.com/downloads', always: true },
  {
    name: 'nats-server',
    probe: ['nats-server', '--version'],
    debianPackage: 'nats-server',
    elsewhere: 'https://github.com/nats-io/nats-server/releases (or: brew install nats-server)',
    always: true,
  },
  {
    name: 'bwrap',
    probe: ['bwrap', '--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', 'true'],
    debianPackage: 'bubblewrap',
    elsewhere: 'the package bubblewrap of your Linux, with user namespaces allowed; there is none for other systems',
    always: true,
  },
  {
    name: 'strace',
    probe: ['strace', '-qq', '-e', 'trace=none', 'true'],
    debianPackage: 'strace',
    elsewhere: 'the package strace of your Linux, with ptrace allowed; there is none for other systems',
    always: true,
  },
  { name: 'ip', probe: ['ip', '-V'], debianPackage: 'iproute2', elsewhere: 'the package iproute2 of your Linux', always: true },
  { name: 'openssl', probe: ['openssl', 'version'], debianPackage: 'openssl', elsewhere: 'https://openssl-library.org/source', always: false },
  {
    name: 'chromium',
    probe: ['chromium', '--version'],
    debianPackage: 'chromium',
    elsewhere: 'https://www.chromium.org/getting-involved/download-chromium',
    always: false,
  },
  {
    // A terminal for tests.
    name: 'script',
    probe: ['script', '--version'],
    debianPackage: 'bsdutils',
    elsewhere: 'the package util-linux of your Linux',
    always: false,
  },
  {
    // Its package brings promtool too.
    name: 'prometheus',
    probe: ['prometheus', '--version'],
    debianPackage: 'prometheus',
    elsewhere: 'https://prometheus.io/download',
    always: false,
  },
];

/** PATH with the folders of servers added; what the tests run with. */
export function servicePath(path: string | undefined = process.env['PATH']): string {
  const parts = (path ?? '').split(':').filter((part) => part !== '');
  return [...parts, ...extraPath.filter((part) => !parts.includes(part))].join(':');
}

/** Why the service cannot be used; undefined when it works. */
export function whyMissing(service: Service): string | undefined {
  const [command, ...args] = service.probe;
  const run = spawnSync(command, args, {
    env: { ...process.env, PATH: servicePath() },
    timeout: probeMs,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (run.error !== undefined) return 'code' in run.error && run.error.code === 'ENOENT' ? 'not installed' : run.error.message;
  if (run.status === 0) return undefined;
  const said = run.stderr.trim().split('\n').at(-1) ?? '';
  return `installed but does not work here (exit ${run.status ?? run.signal}${said === '' ? '' : `: ${said}`})`;
}

export interface MissingService extends Service {
  readonly why: string;
}

export function missingServices(wanted: readonly Service[]): readonly MissingService[] {
  return wanted.flatMap((service) => {
    const why = whyMissing(service);
    return why === undefined ? [] : [{ ...service, why }];
  });
}
