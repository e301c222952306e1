/** A fault that shows in a single line, and the words by which a goal asks for it. */
export interface Check {
  readonly name: string;
  readonly about: RegExp;
  /** What a line that shows it looks like. */
  readonly line: RegExp;
  /** Lines that look like it and are none. */
  readonly except?: RegExp;
  /** On the scale of the markers of `ranking.ts`. */
  readonly weight: number;
}

const secretName = '\\w*(?:secret|password|passwd|api_?key|private_?key|signature|hmac|digest)\\w*';

/** In the order in which they are told; `line` is a source here, and case is ignored. */
const told: readonly (Omit<Check, 'line'> & { readonly line: string })[] = [
  {
    name: 'hard-coded secret',
    about: /\bhard-?coded (?:secrets?|passwords?|credentials?|keys?)\b/i,
    line: `\\b\\w*(?:secret|password|passwd|api_?key|private_?key|token)\\w*["']?\\s*[:=]\\s*(?:[^'"\`;]*(?:\\?\\?|\\|\\|)\\s*)?["'\`][^'"\`\\s$]{6,}["'\`]`,
    weight: 90,
  },
  {
    name: 'TLS check turned off',
    about: /\b(?:disabled|switched[- ]off|turned[- ]off) TLS(?: (?:checks?|verification))?/i,
    line: 'rejectUnauthorized\\s*:\\s*false|NODE_TLS_REJECT_UNAUTHORIZED|InsecureSkipVerify\\s*:\\s*true|verify\\s*=\\s*False\\b',
    weight: 90,
  },
  { name: 'text run as code', about: /\b(?:eval|text run as code|code built from text)\b/i, line: '\\beval\\(|\\bnew Function\\(|\\bexec\\(\\s*`', weight: 90 },
  {
    name: 'path built from a value',
    about: /\bpaths? (?:built|made|put together) from (?:input|values?|requests?)\b|\bpath traversal\b/i,
    line: '\\b(?:join|resolve|readFile|readFileSync|createReadStream|writeFile|unlink|rm)\\([^)]*`[^`]*\\$\\{',
    weight: 80,
  },
  {
    name: 'secret compared byte by byte',
    about: /\b(?:secrets?|signatures?|tokens?) compared (?:with ===|byte by byte)|\btiming attacks?\b/i,
    line: `(?:\\b${secretName}|\\bsign\\([^)]*\\))\\s*[!=]==?\\s*\\w|[!=]==?\\s*${secretName}`,
    except: /[!=]==?\s*(?:undefined|null|true|false|\d)|\btypeof\b|undefined\s*[!=]==?/,
    weight: 80,
  },
  {
    name: 'body read without a bound',
    about: /\b(?:unbounded (?:reads?|bodies|body|buffers?)|(?:bodies|body|input) read without a bound)\b/i,
    line: '\\b\\w+\\s*\\+=\\s*(?:chunk|data|piece|part)\\b|\\.push\\(chunk\\)',
    weight: 65,
  },
  {
    name: 'input taken for granted',
    about: /\bunchecked (?:casts?|input)\b|\binput taken for granted\b/i,
    line: '(?:\\bbody|\\bJSON\\.parse\\(.*\\)|\\.json\\(\\)\\)?)\\s+as\\s+(?!unknown|Record<string, unknown>)',
    weight: 50,
  },
  {
    name: 'file overwritten in place',
    about: /\b(?:files? )?(?:overwritten|written over) in place\b/i,
    line: '\\bwriteFile(?:Sync)?\\(',
    except: /\.(?:tmp|temp|partial)\b|temporary/i,
    weight: 50,
  },
  {
    name: 'failure swallowed',
    about: /\b(?:empty catch(?: blocks?)?|swallowed (?:errors?|failures?|exceptions?))\b/i,
    line: 'catch\\s*(?:\\([^)]*\\))?\\s*\\{\\s*\\}|\\.catch\\(\\s*\\(\\w*\\)\\s*=>\\s*(?:\\{\\s*\\}|undefined|null)\\s*\\)|except(?: Exception)?:\\s*pass',
    weight: 45,
  },
  { name: 'debug output', about: /\b(?:console\.log|debug output)\b/i, line: '\\bconsole\\.(?:log|debug|trace)\\(|^\\s*debugger\\b', weight: 30 },
  { name: 'type any', about: /\btypes? `?any`?(?=\W|$)|\b`?any`? types?\b/i, line: ':\\s*any\\b|\\bas any\\b|<any>', weight: 30 },
];
const all: readonly Check[] = told.map((check) => ({ ...check, line: new RegExp(check.line, 'i') }));

/** The checks that a goal asks for. */
export function checksOf(goal: string): readonly Check[] {
  return all.filter(({ about }) => about.test(goal));
}

/** The goal without the words that ask for checks: what is left is looked for as text. */
export function withoutChecks(goal: string, checks: readonly Check[]): string {
  return checks.reduce((text, { about }) => text.replaceAll(new RegExp(about.source, 'gi'), ' '), goal);
}

/** The checks that a line fails. */
export function failedBy(line: string, checks: readonly Check[]): readonly Check[] {
  if (commentOnly.test(line)) return [];
  return checks.filter((check) => check.line.test(line) && check.except?.test(line) !== true);
}

/** What stands in a comment is no code. */
const commentOnly = /^\s*(?:\/\/|#(?!!)|\*|--|<!--)/;

/** The patterns of some checks, as sources, joined for as few searches as `charsMax` allows. */
export function joinedPatterns(checks: readonly Pick<Check, 'line'>[], charsMax: number): readonly string[] {
  const patterns: string[] = [];
  for (const { source: line } of checks.map((check) => check.line)) {
    const last = patterns.at(-1);
    if (last !== undefined && last.length + line.length + 1 <= charsMax) patterns[patterns.length - 1] = `${last}|${line}`;
    else patterns.push(line);
  }
  return patterns;
}
