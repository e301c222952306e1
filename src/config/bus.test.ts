import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf } from '../../protocols/errors/error.ts';
import { type LoadedConfig, loadConfig } from './load.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'flockwork-config-bus-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const load = async (text: string): Promise<LoadedConfig> => {
  await writeFile(join(cwd, 'flockwork.toml'), text);
  return loadConfig({ cwd, env: {} });
};
const refusal = (text: string): Promise<unknown> =>
  load(text).then(
    () => 'accepted',
    (error: unknown) => failureOf(error).message,
  );
const seed = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';

describe('who the node is on NATS', () => {
  test('a credentials file or an nkey, by a path that counts from the file that names it; shown nowhere', async () => {
    await writeFile(join(cwd, 'node.nk'), `${seed}\n`);
    await writeFile(join(cwd, 'node.creds'), `-----BEGIN NATS USER JWT-----\neyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.e30.x\n------\n${seed}\n`);
    const withKey = await load('[bus]\nnkeyFile = "node.nk"\n');
    expect(withKey.values.bus.nkeyFile).toBe(join(cwd, 'node.nk'));
    expect(withKey.credentials.nats).toEqual({ type: 'nkey', seed });
    const withFile = await load('[bus]\ncredsFile = "node.creds"\ntlsCaFile = "ca.pem"\n');
    expect(withFile.credentials.nats).toMatchObject({ type: 'file', text: expect.stringContaining(seed) });
    expect(withFile.values.bus.tlsCaFile).toBe(join(cwd, 'ca.pem'));
    for (const { view, secrets } of [withKey, withFile]) {
      expect(secrets).toContain(seed);
      expect(JSON.stringify(view)).not.toContain(seed);
    }
  });

  test('what contradicts itself is refused', async () => {
    for (const name of ['a', 'b']) await writeFile(join(cwd, name), `${seed}\n`);
    expect(await refusal('[bus]\ncredsFile = "a"\nnkeyFile = "b"\n')).toMatch(/^flockwork\.toml: bus\.nkeyFile: is set, and so is bus\.credsFile/);
    expect(await refusal('[bus]\nnkeyFile = "absent"\n')).toMatch(/^flockwork\.toml: bus\.nkeyFile: cannot read .*absent \(ENOENT\)$/);
    expect(await refusal('[bus]\ntlsCertFile = "a"\n')).toMatch(/^flockwork\.toml: bus\.tlsCertFile: is set without bus\.tlsKeyFile/);
    expect(await refusal('[bus]\ntlsKeyFile = "a"\n')).toMatch(/^flockwork\.toml: bus\.tlsKeyFile: is set without bus\.tlsCertFile/);
  });

  test('the number of copies can stand in the environment', async () => {
    const replicas = (value: string): Promise<LoadedConfig> => loadConfig({ cwd, env: { FLOCKWORK_BUS_REPLICAS: value } });
    expect((await replicas('3')).values.bus.replicas).toBe(3);
    expect(
      await replicas('2').then(
        () => 'accepted',
        (error: unknown) => failureOf(error).code,
      ),
    ).toBe('config_invalid');
  });

  test('a bus of one tenant takes no token that speaks for another; a node without a gateway has nobody to take', async () => {
    const tokens = (tenant: string): string => `[auth]\nmode = "token"\ntokens = [{ tenant = "${tenant}", sha256 = "${'0'.repeat(64)}" }]\n`;
    const bus = '[bus]\ntenant = "acme"\n';
    expect(await refusal(bus + tokens('beta'))).toMatch(/^flockwork\.toml: bus\.tenant: is "acme", but a token or peer speaks for the tenant "beta"/);
    expect((await load(bus + tokens('acme'))).values.bus.tenant).toBe('acme');
    expect((await load(`[node]\nroles = ["worker"]\n${bus}${tokens('beta')}`)).values.bus.tenant).toBe('acme');
    expect(await refusal('[bus]\ntenant = "a.b"\n')).toMatch(/bus\.tenant/);
  });
});
