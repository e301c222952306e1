/** True when a path (relative, forward slashes) is ignored. */
export type Ignore = (path: string, isFolder: boolean) => boolean;

interface Rule {
  readonly pattern: RegExp;
  readonly negated: boolean;
  readonly foldersOnly: boolean;
}

/**
 * Reads the top-level .gitignore: comments, `!`, a trailing `/` for folders, a leading or inner `/` that anchors at the top, `*`, `?`,
 * `[…]` and `**`. Not read: nested .gitignore files, .git/info/exclude and the user's global file. As in git, the last rule that matches decides,
 * and nothing below an ignored folder comes back.
 */
export function parseGitignore(text: string): Ignore {
  const rules = text.split(/\r?\n/).flatMap((line) => ruleOf(line));
  return (path, isFolder) => {
    let ignored = false;
    for (const rule of rules) {
      if ((isFolder || !rule.foldersOnly) && rule.pattern.test(path)) ignored = !rule.negated;
    }
    return ignored;
  };
}

function ruleOf(line: string): Rule[] {
  let glob = line.replace(/(?<!\\) +$/, '');
  if (glob === '' || glob.startsWith('#')) return [];
  const negated = glob.startsWith('!');
  if (negated) glob = glob.slice(1);
  if (glob.startsWith('\\#') || glob.startsWith('\\!')) glob = glob.slice(1);
  const foldersOnly = glob.endsWith('/');
  if (foldersOnly) glob = glob.slice(0, -1);
  const anchored = glob.includes('/');
  const body = sourceOf(glob.replace(/^\//, ''));
  const pattern = compile(`^${anchored ? '' : '(?:.*/)?'}${body}$`);
  return pattern === undefined ? [] : [{ pattern, negated, foldersOnly }];
}

function sourceOf(glob: string): string {
  let source = '';
  for (let at = 0; at < glob.length; at++) {
    const char = glob.charAt(at);
    if (glob.startsWith('**/', at)) {
      source += '(?:[^/]+/)*';
      at += 2;
    } else if (glob.startsWith('/**', at) && at + 3 === glob.length) {
      source += '/.+';
      at += 2;
    } else if (char === '*') source += glob.charAt(at + 1) === '*' ? '' : '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[' && glob.indexOf(']', at + 2) > 0) {
      const end = glob.indexOf(']', at + 2);
      source += `[${glob
        .slice(at + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')}]`;
      at = end;
    } else if (char === '\\') source += literal(glob.charAt(++at));
    else source += literal(char);
  }
  return source;
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
}

/** A line that is no pattern, such as `[z-a]`, ignores nothing; git reads it so too. */
function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 's');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
