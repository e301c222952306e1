import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlockworkError } from '../../protocols/errors/error.ts';
import { type ConfigSources, type LoadedConfig, loadConfig } from './load.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'flockwork-config-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const load = (sources: Partial<ConfigSources> = {}): Promise<LoadedConfig> => loadConfig({ cwd, env: {}, ...sources });
const file = (text: string): Promise<void> => writeFile(join(cwd, 'flockwork.toml'), text);
async function refusal(sources: Partial<ConfigSources> = {}): Promise<FlockworkError> {
  const error = await load(sources).catch((reason: unknown) => reason);
  if (!(error instanceof FlockworkError)) throw new Error('the configuration was accepted');
  expect(error.code).toBe('config_invalid');
  return error;
}

describe('precedence', () => {
  test('flag > environment > file > default, with the origin of each', async () => {
    await file('[http]\nport = 1\nhost = "::1"\n[worker]\nconcurrency = 2\n');
    const { values, origins } = await load({
      env: { FLOCKWORK_HTTP_PORT: '2', FLOCKWORK_WORKER_CONCURRENCY: '3' },
      flags: [{ flag: '--http-port', path: 'http.port', value: 3 }],
    });
    expect([values.http.port, origins['http.port']]).toEqual([3, 'flag --http-port']);
    expect([values.worker.concurrency, origins['worker.concurrency']]).toEqual([3, 'env FLOCKWORK_WORKER_CONCURRENCY']);
    expect([values.http.host, origins['http.host']]).toEqual(['::1', 'file flockwork.toml']);
    expect([values.log.level, origins['log.level']]).toEqual(['info', 'default']);
  });

  test('an empty variable counts as unset', async () => {
    await file('[http]\nport = 1\n');
    expect((await load({ env: { FLOCKWORK_HTTP_PORT: '', NATS_URL: '' } })).values.http.port).toBe(1);
  });

  test('lists are separated by commas', async () => {
    const { values } = await load({ env: { FLOCKWORK_NODE_ROLES: 'gateway, worker', NATS_URL: 'nats://a:4222,nats://b:4222' } });
    expect(values.node.roles).toEqual(['gateway', 'worker']);
    expect(values.bus.natsUrl).toEqual(['nats://a:4222', 'nats://b:4222']);
  });

  test('the FLOCKWORK_ form wins over the standard variable, and both over the file', async () => {
    await file('[openai]\nbaseUrl = "http://file"\nmodel = "file"\n');
    const { values, origins } = await load({ env: { FLOCKWORK_OPENAI_BASE_URL: 'http://own', OPENAI_BASE_URL: 'http://standard', OPENAI_MODEL: 'm' } });
    expect([values.openai.baseUrl, values.openai.model]).toEqual(['http://own', 'm']);
    expect(origins['openai.model']).toBe('env OPENAI_MODEL');
  });

  test('an env file adds to the environment and loses against it', async () => {
    await writeFile(join(cwd, '.env'), 'FLOCKWORK_HTTP_PORT=7\nFLOCKWORK_LOG_LEVEL=warn\nOPENAI_API_KEY="sk-file"\n');
    const { values, origins, credentials } = await load({ env: { FLOCKWORK_HTTP_PORT: '8' }, envFile: '.env' });
    expect([values.http.port, values.log.level, credentials.openaiApiKey]).toEqual([8, 'warn', 'sk-file']);
    expect(origins['log.level']).toBe('env FLOCKWORK_LOG_LEVEL (from .env)');
  });

  test.each([
    ['127.0.0.1:11434', 'http://127.0.0.1:11434/v1'],
    ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
    ['http://gpu:8080/', 'http://gpu:8080/v1'],
    ['https://ollama.example', 'https://ollama.example/v1'],
  ])('OLLAMA_HOST %s', async (host, url) => {
    expect((await load({ env: { OLLAMA_HOST: host } })).values.ollama.baseUrl).toBe(url);
  });
});

describe('NATS_URL', () => {
  const env = { NATS_URL: 'nats://a:4222' };
  test('alone never chooses the bus of a run', async () => {
    expect((await load({ env })).values.bus.kind).toBe('embedded');
  });
  test('chooses the bus of a service, unless the bus is named', async () => {
    expect((await load({ env, natsUrlChoosesBus: true })).values.bus.kind).toBe('nats');
    await file('[bus]\nkind = "embedded"\n');
    expect((await load({ env, natsUrlChoosesBus: true })).values.bus.kind).toBe('embedded');
    expect((await load({ env: { ...env, FLOCKWORK_BUS_KIND: 'embedded' }, natsUrlChoosesBus: true })).values.bus.kind).toBe('embedded');
  });
});

describe('paths', () => {
  test('count from the working folder, or from the file that names them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flockwork-config-other-'));
    await writeFile(join(folder, 'other.toml'), '[data]\ndir = "store"\n[workspace]\nroots = ["src", "/abs"]\n');
    const { values } = await load({ file: join(folder, 'other.toml') });
    expect(values.data.dir).toBe(join(folder, 'store'));
    expect(values.workspace.roots).toEqual([join(folder, 'src'), '/abs']);
    expect((await load()).values.data.dir).toBe(join(cwd, '.flockwork'));
    await rm(folder, { recursive: true });
  });
});

describe('what is refused', () => {
  test.each([
    ['[http]\nprot = 1', 'flockwork.toml: http.prot: unknown key, did you mean http.port?'],
    ['[htpp]\nport = 1', 'flockwork.toml: htpp: unknown key, did you mean http?'],
    ['port = 1', 'flockwork.toml: port: unknown key, did you mean http.port?'],
    ['[profiles.reviewer]\nsytem = ""', 'flockwork.toml: profiles.reviewer.sytem: unknown key, did you mean profiles.reviewer.system?'],
    ['[http]\nport = "x"', 'flockwork.toml: http.port: must be a number'],
    ['http = 3', 'flockwork.toml: http: must be a section'],
    ['[http]\nport = 70000', 'flockwork.toml: http.port: must be at most 65535'],
    ['[http]\nport = = 3', /^flockwork\.toml:2:8: /],
    ['[auth]\nmode = "token"', /^flockwork\.toml: auth\.mode: is "token", but neither/],
    ['[bus]\nkind = "nats"', /^flockwork\.toml: bus\.kind: is "nats", but bus\.natsUrl names no server/],
    ['[openai]\napiKeyFile = "absent"', /^flockwork\.toml: openai\.apiKeyFile: cannot read .*absent \(ENOENT\)$/],
  ])('%j', async (text, message) => {
    await file(text);
    const error = await refusal();
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });

  test('all problems at once, each with its place', async () => {
    await file('[http]\nprot = 1\n[worker]\nconcurrency = 0\n');
    const error = await refusal({ env: { FLOCKWORK_HTTP_PROT: '1', FLOCKWORK_LIMITS_WATCHES_MAX: 'many' } });
    expect(error.message.split('\n')).toEqual([
      'the configuration has 4 problems:',
      '  FLOCKWORK_HTTP_PROT: unknown variable, did you mean FLOCKWORK_HTTP_PORT?',
      '  flockwork.toml: http.prot: unknown key, did you mean http.port?',
      '  flockwork.toml: worker.concurrency: must be at least 1',
      '  FLOCKWORK_LIMITS_WATCHES_MAX: limits.watchesMax: must be a number',
    ]);
    expect(error.details?.['problems']).toHaveLength(4);
  });

  test('a named file that does not exist, or is no text', async () => {
    expect((await refusal({ file: 'absent.toml' })).message).toContain('absent.toml does not exist');
    expect((await refusal({ envFile: 'absent.env' })).message).toContain('absent.env does not exist');
    await writeFile(join(cwd, 'flockwork.toml'), Uint8Array.of(0xff, 0xfe, 0x00));
    expect((await refusal()).message).toContain('is not UTF-8 text');
  });

  test('a flag is named in the problem that it causes', async () => {
    expect((await refusal({ flags: [{ flag: '--http-port', path: 'http.port', value: 99_999 }] })).message).toMatch(
      /^--http-port: http\.port: must be at most 65535/,
    );
  });

  test('variables of Kubernetes and of the command line are none of ours', async () => {
    const env = {
      FLOCKWORK_CONNECT: 'ws://x',
      FLOCKWORK_TOKEN: 't',
      FLOCKWORK_SERVICE_HOST: '10.0.0.1',
      FLOCKWORK_SERVICE_PORT_HTTP: '9090',
      FLOCKWORK_PORT: 'tcp://10.0.0.1:9090',
      FLOCKWORK_PORT_9090_TCP_ADDR: '10.0.0.1',
      FLOCKWORK_HTTP_PORT: 'tcp://10.0.0.1:9090',
    };
    expect((await load({ env })).values.http.port).toBe(9090);
  });
});

describe('secrets', () => {
  test('stand in no value, no view and no hash, and are known for leak scans', async () => {
    await writeFile(join(cwd, 'tokens'), '# who may\nacme secret-token-1\n\n');
    await file('[auth]\nmode = "token"\ntokenFile = "tokens"\n[bus]\nnatsUrl = ["nats://user:hunter22@h:4222"]\n');
    const loaded = await load({ env: { OPENAI_API_KEY: 'sk-secret', ANTHROPIC_API_KEY: 'ak-secret', FLOCKWORK_TOKEN: 'own-secret' } });
    const secrets = ['sk-secret', 'ak-secret', 'own-secret', 'secret-token-1', 'hunter22'];
    expect([...loaded.secrets].sort()).toEqual([...secrets].sort());
    const shown = JSON.stringify(loaded.view);
    for (const secret of secrets) expect(shown).not.toContain(secret);
    expect(loaded.view.values['openai']).toMatchObject({ apiKey: '<secret from env OPENAI_API_KEY>' });
    expect(shown).toContain('nats://<secret>@h:4222');
    expect(loaded.credentials.openaiApiKey).toBe('sk-secret');
    expect(loaded.grants).toEqual([{ tenant: 'acme', admin: false, sha256: createHash('sha256').update('secret-token-1').digest('hex') }]);
  });

  test('a key file wins over the variable', async () => {
    await writeFile(join(cwd, 'key'), 'sk-from-file\n');
    const loaded = await load({ env: { OPENAI_API_KEY: 'sk-env', FLOCKWORK_OPENAI_API_KEY_FILE: 'key' } });
    expect(loaded.credentials.openaiApiKey).toBe('sk-from-file');
    expect(loaded.view.values['openai']).toMatchObject({ apiKey: `<secret from file ${join(cwd, 'key')}>` });
  });

  test('Anthropic has a key, a key file and a base URL of its own', async () => {
    const env = { ANTHROPIC_API_KEY: 'ak-env', ANTHROPIC_BASE_URL: 'http://user:hunter33@h' };
    const byVariable = await load({ env });
    expect(byVariable.credentials).toEqual({ anthropicApiKey: 'ak-env' });
    expect(byVariable.values.anthropic).toMatchObject({ baseUrl: 'http://user:hunter33@h', model: 'claude-sonnet-5-5' });
    expect(byVariable.view.values['anthropic']).toMatchObject({ apiKey: '<secret from env ANTHROPIC_API_KEY>', baseUrl: 'http://<secret>@h' });
    expect(byVariable.view.values['openai']).toMatchObject({ apiKey: '<not set: env OPENAI_API_KEY>' });
    expect(byVariable.view.origins['anthropic.apiKey']).toBe('env ANTHROPIC_API_KEY');
    expect([...byVariable.secrets].sort()).toEqual(['ak-env', 'hunter33']);

    await writeFile(join(cwd, 'key'), 'ak-from-file\n');
    const byFile = await load({ env: { ...env, FLOCKWORK_ANTHROPIC_API_KEY_FILE: 'key' } });
    expect(byFile.credentials.anthropicApiKey).toBe('ak-from-file');
    expect(byFile.view.values['anthropic']).toMatchObject({ apiKey: `<secret from file ${join(cwd, 'key')}>` });
    expect(byFile.view.origins['anthropic.apiKey']).toBe('env FLOCKWORK_ANTHROPIC_API_KEY_FILE');
  });

  test('a bad line of a token file is named without the line', async () => {
    await writeFile(join(cwd, 'tokens'), 'acme secret one too many\n');
    const error = await refusal({ env: { FLOCKWORK_AUTH_TOKEN_FILE: 'tokens' } });
    expect(error.message).toMatch(/tokens:1: must be `tenant token`/);
    expect(error.message).not.toContain('secret');
  });
});

describe('hash', () => {
  test('is the same for the same settings wherever they come from, and differs otherwise', async () => {
    const plain = await load();
    await file('[http]\nport = 9090\n');
    expect((await load()).hash).toBe(plain.hash);
    expect((await load({ env: { FLOCKWORK_HTTP_PORT: '1' } })).hash).not.toBe(plain.hash);
  });
});
