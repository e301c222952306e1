import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changedKeys, isLive, liveKeys, prepareChange, withLiveKeys, writeConfigFile } from './change.ts';
import { configSections } from './keys.ts';
import { loadConfig } from './load.ts';

let cwd: string;
let file: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'flockwork-change-'));
  file = join(cwd, 'flockwork.toml');
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

describe('preparing a change', () => {
  test('says what the configuration would be, and writes nothing', async () => {
    const current = await loadConfig({ cwd, env: {} });
    const { text, next } = await prepareChange(current, { changes: { quota: { maxTokens: 5 }, http: { port: 1 } } });
    expect(changedKeys(current.values, next.values).toSorted()).toEqual(['http.port', 'quota.maxTokens']);
    expect(text).toBe('[quota]\nmaxTokens = 5\n\n[http]\nport = 1\n');
    expect(await readdir(cwd)).toEqual([]);
  });

  test('is based on the file as it is now', async () => {
    const current = await loadConfig({ cwd, env: {} });
    await writeFile(file, '[log]\nlevel = "warn"\n');
    const { next } = await prepareChange(current, { changes: { http: { port: 1 } } });
    expect(next.values).toMatchObject({ log: { level: 'warn' }, http: { port: 1 } });
  });

  test('tells every problem, with the nearest key', async () => {
    const current = await loadConfig({ cwd, env: {} });
    await expect(prepareChange(current, { changes: { http: { prot: 1, port: 'x' } } })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/http\.prot: unknown key, did you mean http\.port\?/),
      details: { problems: [{ path: 'http.port' }, { path: 'http.prot' }] },
    });
    await expect(prepareChange(current, { document: '[http\n' })).rejects.toMatchObject({ code: 'config_invalid', details: { line: 1 } });
    await expect(prepareChange(current, { document: `# ${'x'.repeat(300_000)}` })).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test('says what a flag or a variable decides in place of the file', async () => {
    const current = await loadConfig({ cwd, env: { FLOCKWORK_HTTP_PORT: '7' }, flags: [{ flag: '--host', path: 'http.host', value: '::1' }] });
    const { next, overridden } = await prepareChange(current, { document: { http: { port: 1, host: '127.0.0.2' } } });
    expect(next.values.http).toEqual({ port: 7, host: '::1' });
    expect(overridden).toEqual({ 'http.port': 'env FLOCKWORK_HTTP_PORT', 'http.host': 'flag --host' });
  });

  test('takes over the live keys only, and the view shows no secret', async () => {
    const current = await loadConfig({ cwd, env: { OPENAI_API_KEY: 'sk-secret' } });
    const { next } = await prepareChange(current, { document: '[quota]\nmaxTokens = 5\n[http]\nport = 1\n[profiles.fast]\nmodel = "offline"\n' });
    const inForce = withLiveKeys(current, next);
    expect(inForce.values).toMatchObject({ quota: { maxTokens: 5 }, http: { port: 9090 }, profiles: { fast: { model: 'offline' } } });
    expect(inForce.origins).toMatchObject({ 'quota.maxTokens': 'file flockwork.toml', 'http.port': 'default', 'profiles.fast.model': 'file flockwork.toml' });
    expect(inForce.hash).not.toBe(current.hash);
    expect(inForce.view).toMatchObject({ hash: inForce.hash, values: { quota: { maxTokens: 5 }, openai: { apiKey: '<secret from env OPENAI_API_KEY>' } } });
    expect(JSON.stringify(inForce.view)).not.toContain('sk-secret');
  });

  test('every live key is a key', () => {
    const known = configSections().flatMap(({ name, keys }) => [name, ...keys.map(({ path }) => path)]);
    expect(liveKeys.filter((key) => !known.includes(key))).toEqual([]);
    expect(isLive('quota.maxTokens')).toBe(true);
    expect(isLive('quotas')).toBe(false);
  });
});

describe('writing the file', () => {
  test('makes it for its owner alone, and keeps the rights of one that is there', async () => {
    await writeConfigFile(file, 'a = 1\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o640);
    await writeConfigFile(file, 'b = 1\n');
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readFile(file, 'utf8')).toBe('b = 1\n');
    expect(await readdir(cwd)).toEqual(['flockwork.toml']);
  });

  test('writes through a link', async () => {
    const real = join(cwd, 'real.toml');
    await writeFile(real, '');
    await symlink(real, file);
    await writeConfigFile(file, 'a = 1\n');
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
    expect(await readFile(real, 'utf8')).toBe('a = 1\n');
  });

  test('says when it cannot, and leaves nothing behind', async () => {
    await mkdir(file);
    await expect(writeConfigFile(file, 'a = 1\n')).rejects.toMatchObject({ code: 'config_unwritable', details: { file } });
    expect(await readdir(cwd)).toEqual(['flockwork.toml']);
    await expect(writeConfigFile(join(cwd, 'none', 'x.toml'), '')).rejects.toMatchObject({ code: 'config_unwritable' });
  });
});
