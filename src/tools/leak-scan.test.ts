import { describe, expect, test } from 'vitest';
import { createLeakScan } from './leak-scan.ts';

// Written in parts, so that no scanner takes this file for a leak.
const samples: [string, string][] = [
  ['api-key', `${'sk'}-proj-4f9aZ0bQ7LmN2xYtR8vKc3wE`],
  ['api-key', `${'sk'}-ant-api03-AbCdEf0123456789AbCdEf`],
  ['aws-key', `${'AKIA'}IOSFODNN7EXAMPLE`],
  ['github-token', `${'ghp'}_${'a1B2c3D4'.repeat(5)}`],
  ['slack-token', `${'xoxb'}-1234567890-abcdefghij`],
  ['google-key', `${'AIza'}${'Sy0123456789abcdefghijklmnopqrstuvw'}`],
  ['jwt', `${'eyJ'}hbGciOiJIUzI1NiJ9.${'eyJ'}zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P`],
];

describe('createLeakScan', () => {
  test.each(samples)('redacts the shape %s', (kind, sample) => {
    expect(createLeakScan().redact(`KEY="${sample}";`)).toBe(`KEY="[redacted:${kind}]";`);
  });

  test.each([
    'task-management-of-the-whole-thing',
    'sk-learn-contrib-something-long',
    'risk-0123456789012345678901',
    'AKIA is a prefix',
    'eyJ alone',
    'a sha256 is e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ])('leaves %j alone', (text) => {
    expect(createLeakScan().redact(text)).toBe(text);
  });

  test('redacts configured values wherever they stand, the longest first, never short ones', () => {
    const scan = createLeakScan(['hunter2-hunter2', 'hunter2-hunter2-extended', 'short', 'line one of it\nline two of it']);
    expect(scan.redact('a hunter2-hunter2-extended b xhunter2-hunter2x short')).toBe('a [redacted:secret] b x[redacted:secret]x short');
    expect(scan.redact('7\tline two of it')).toBe('7\t[redacted:secret]');
  });

  test('a private key goes as a whole, also when its end is missing', () => {
    const key = `-----BEGIN RSA ${'PRIVATE'} KEY-----\nMIIEow\nabc\n-----END RSA ${'PRIVATE'} KEY-----`;
    expect(createLeakScan().redact(`a\n${key}\nb`)).toBe('a\n[redacted:private-key]\nb');
    expect(createLeakScan().redact(`a\n${key.slice(0, 45)}`)).toBe('a\n[redacted:private-key]');
    expect(createLeakScan().maskKeys(['a', ...key.split('\n'), 'b'])).toEqual(['a', ...Array(4).fill('[redacted:private-key]'), 'b']);
  });

  test('a scan of a long line that almost matches is quick', () => {
    const began = performance.now();
    createLeakScan().redact(`${'sk-'.repeat(50_000)}${'eyJ'.repeat(50_000)}${'A'.repeat(200_000)}`);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
