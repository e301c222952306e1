import { describe, expect, test } from 'vitest';
import { configPage, exampleFile } from './document.ts';
import { configSections } from './keys.ts';
import { configSchema } from './schema.ts';
import { parseToml } from './toml.ts';

// `vitest run -u src/config` writes both files anew.
describe('what is made from the schema is in step with it', () => {
  test('docs/configuration.md', async () => {
    await expect(configPage()).toMatchFileSnapshot('../../docs/configuration.md');
  });

  test('flockwork.example.toml', async () => {
    await expect(exampleFile()).toMatchFileSnapshot('../../flockwork.example.toml');
  });
});

describe('the example file', () => {
  test('is valid as it is and says nothing', () => {
    expect(configSchema.parse(parseToml(exampleFile(), 'example'))).toEqual(configSchema.parse({}));
  });

  test('is valid with every key switched on, and shows the defaults', () => {
    const on = configSchema.parse(parseToml(exampleFile().replaceAll(/^#(?! )/gm, ''), 'example'));
    const { auth, prices, profiles, ...rest } = on;
    const { auth: _auth, prices: _prices, profiles: _profiles, ...defaults } = configSchema.parse({});
    expect(rest).toEqual(defaults);
    expect([auth.tokens.length, Object.keys(prices), Object.keys(profiles)]).toEqual([1, ['openai/some-model'], ['reviewer']]);
  });
});

test('every key says what it means', () => {
  const keys = configSections().flatMap((section) => section.keys);
  expect(keys.length).toBeGreaterThan(40);
  expect(keys.filter(({ meaning }) => meaning === '').map(({ path }) => path)).toEqual([]);
});
