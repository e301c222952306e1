import { describe, expect, test } from 'vitest';
import { completed, lockfileGaps, platformOf } from './lockfile.ts';

const lockfile = {
  lockfileVersion: 3,
  packages: {
    '': { optionalDependencies: { own: '1.0.0' } },
    'node_modules/own': { version: '1.0.0' },
    'node_modules/tool': { version: '2.0.0', dev: true, optionalDependencies: { '@tool/linux-x64': '2.0.0', '@tool/darwin-arm64': '2.0.0' } },
    'node_modules/@tool/linux-x64': { version: '2.0.0' },
  },
};

describe('a lockfile', () => {
  test('has a gap where an optional package of another platform is not listed', () => {
    expect(lockfileGaps(lockfile)).toEqual([{ name: '@tool/darwin-arm64', version: '2.0.0', dev: true }]);
  });

  test('is completed in the order of npm, and then has none', () => {
    const full = completed(lockfile);
    expect(lockfileGaps(full)).toEqual([]);
    expect(full.packages['node_modules/@tool/darwin-arm64']).toEqual({ version: '2.0.0', os: ['darwin'], cpu: ['arm64'], dev: true, optional: true });
    expect(Object.keys(full.packages)).toEqual([
      '',
      'node_modules/@tool/darwin-arm64',
      'node_modules/@tool/linux-x64',
      'node_modules/own',
      'node_modules/tool',
    ]);
  });

  test('is not completed with a package whose machine nobody knows', () => {
    expect(() => completed({ packages: { 'node_modules/a': { optionalDependencies: { fsevents: '~2.3.2' } } } })).toThrow(/fsevents/);
  });
});

test.each([
  ['@biomejs/cli-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
  ['@oxlint/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
  ['@esbuild/win32-ia32', { os: ['win32'], cpu: ['ia32'] }],
  ['@oxc-parser/binding-wasm32-wasi', { cpu: ['wasm32'] }],
  ['fsevents', undefined],
])('%s is for %j', (name, platform) => expect(platformOf(name)).toEqual(platform));
