import { describe, expect, test } from 'vitest';
import { bothChanges, editedToml, merged } from './edit.ts';

const file = 'flockwork.toml';

describe('a change of a configuration file', () => {
  test('keeps every line that it has nothing to do with', () => {
    const text = '# ours\n[http]\nport = 9090 # the usual one\nhost = "127.0.0.1"\n\n# bounds\n[quota]\n# maxTokens = 1\nmaxSeconds = 60\n';
    expect(editedToml(text, { http: { port: 9191 }, quota: { maxTokens: 5 } }, file)).toBe(
      '# ours\n[http]\nport = 9191 # the usual one\nhost = "127.0.0.1"\n\n# bounds\n[quota]\n# maxTokens = 1\nmaxSeconds = 60\nmaxTokens = 5\n',
    );
  });

  test('adds a section that is not there, and names with dots', () => {
    expect(editedToml('', { http: { port: 1 } }, file)).toBe('[http]\nport = 1\n');
    expect(editedToml('[http]\nport = 1\n', { prices: { 'openai/gpt-6.1': { input: 0.5 } } }, file)).toBe(
      '[http]\nport = 1\n\n[prices."openai/gpt-6.1"]\ninput = 0.5\n',
    );
  });

  test('takes keys out', () => {
    expect(editedToml('[http]\nport = 1\nhost = "::1"\n', { http: { port: null }, log: { level: null } }, file)).toBe('[http]\nhost = "::1"\n');
  });

  test.each([
    ['a list over many lines', '[worker]\npools = [\n  "a",\n  "b",\n]\n', { worker: { pools: ['c'] } }, '[worker]\npools = [ "c" ]\n'],
    ['a table in line', 'http = { port = 1 }\n', { http: { port: 2 } }, '[http]\nport = 2\n'],
    ['dotted keys', 'http.port = 1\n', { http: { port: 2 } }, '[http]\nport = 2\n'],
    [
      'text that looks like a header',
      '[log]\nlevel = """\n[http]\nport = 1"""\n',
      { http: { port: 2 } },
      '[log]\nlevel = "[http]\\nport = 1"\n\n[http]\nport = 2\n',
    ],
  ])('writes the whole file anew where a line is no place for it: %s', (_name, text, changes, expected) => {
    expect(editedToml(text, changes, file)).toBe(expected);
  });

  test('a comment sign within a text is no comment', () => {
    expect(editedToml('[openai]\nmodel = "a #1"\n', { openai: { model: 'b' } }, file)).toBe('[openai]\nmodel = "b"\n');
  });

  test('two of them are one that does what both do', () => {
    const both = bothChanges({ http: { port: 1, host: null }, log: { level: null } }, { http: { port: null, x: 2 }, quota: { maxTokens: 3 } });
    expect(both).toEqual({ http: { port: null, host: null, x: 2 }, log: { level: null }, quota: { maxTokens: 3 } });
  });

  test('is a merge patch of RFC 7396', () => {
    expect(merged({ a: 'b', c: { d: 'e', f: 'g' } }, { a: 'z', c: { f: null } })).toEqual({ a: 'z', c: { d: 'e' } });
    expect(merged({ a: [1] }, { a: { b: null } })).toEqual({ a: {} });
    expect(Object.getPrototypeOf(merged({}, JSON.parse('{"__proto__":{"x":1}}')))).toBe(Object.prototype);
  });
});
