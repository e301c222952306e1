/** Replaces what looks like a credential by `[redacted:<kind>]`. A net, not a wall: a command can encode what it prints. */
export interface LeakScan {
  redact(text: string): string;
  /** Masks the lines of private keys, for text whose lines are about to be numbered or picked out; then nothing would show where a key begins. */
  maskKeys(lines: readonly string[]): readonly string[];
}

interface Shape {
  readonly kind: string;
  readonly pattern: RegExp;
}

/** Shorter configured values would redact ordinary words. */
const secretCharsMin = 8;

const keyBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const keyEnd = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;

/** No shape looks far ahead before it is sure: an unbounded look from each of many beginnings made a scan quadratic. */
const shapes: readonly Shape[] = [
  { kind: 'private-key', pattern: new RegExp(`${keyBegin.source}[\\s\\S]*?(?:${keyEnd.source}|$)`, 'g') },
  { kind: 'api-key', pattern: /(?<![A-Za-z0-9])sk-(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{20,}/g },
  { kind: 'aws-key', pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/g },
  { kind: 'github-token', pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/g },
  { kind: 'slack-token', pattern: /(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}/g },
  { kind: 'google-key', pattern: /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g },
  { kind: 'telegram-token', pattern: /(?<![A-Za-z0-9])\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g },
  { kind: 'jwt', pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,}/g },
];

/** `secrets` are the values the node was configured with; each of at least 8 characters is redacted wherever it stands. */
export function createLeakScan(secrets: readonly string[] = []): LeakScan {
  // A secret of several lines is looked for line by line too. The longest first: one may be part of another.
  const parts = secrets.flatMap((secret) => [secret.trim(), ...secret.split('\n').map((line) => line.trim())]);
  const values = [...new Set(parts)].filter((part) => part.length >= secretCharsMin && !part.startsWith('-----')).sort((a, b) => b.length - a.length);

  const redact = (text: string): string => {
    let clean = text;
    for (const value of values) clean = clean.replaceAll(value, '[redacted:secret]');
    for (const { kind, pattern } of shapes) clean = clean.replace(pattern, `[redacted:${kind}]`);
    return clean;
  };
  return {
    redact,
    maskKeys(lines) {
      if (!lines.some((line) => line.includes('PRIVATE KEY'))) return lines;
      let inKey = false;
      return lines.map((line) => {
        if (!inKey && !keyBegin.test(line)) return line;
        inKey = !keyEnd.test(line);
        return '[redacted:private-key]';
      });
    },
  };
}
