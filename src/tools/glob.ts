import { FlockworkError } from '../../protocols/errors/error.ts';

/** Alternatives that one pattern's braces may spell out. */
const alternativesMax = 64;

/**
 * Matches paths with forward slashes: `*` and `?` within a name, `[…]`, `{a,b}`, `**` over folders. A pattern without a slash matches the
 * last name at any depth. No regular expression is made of it, so no pattern is slow. Throws `tool_input_invalid` when braces spell out too much.
 */
export function compileGlob(pattern: string): (path: string) => boolean {
  const alternatives = expand(pattern.replace(/^\.?\//, '')).map((one) => (one.includes('/') ? one.split('/') : ['**', one]));
  return (path) => {
    const names = path.split('/');
    return alternatives.some((segments) => matchSegments(segments, names));
  };
}

function expand(pattern: string): string[] {
  let done: string[] = [];
  let open = [pattern];
  while (open.length > 0) {
    const next: string[] = [];
    for (const one of open) {
      const braces = /\{([^{}]*)\}/.exec(one);
      if (braces === null) done = [...done, one];
      else for (const choice of (braces[1] ?? '').split(',')) next.push(one.slice(0, braces.index) + choice + one.slice(braces.index + braces[0].length));
      if (next.length + done.length > alternativesMax) {
        throw new FlockworkError('tool_input_invalid', `The glob ${pattern} spells out more than ${alternativesMax} alternatives; use fewer braces`, {
          details: { glob: pattern, alternativesMax },
        });
      }
    }
    open = next;
  }
  return done;
}

/** Dynamic programming over names: `reach[i]` = the segments so far match the first i names. */
function matchSegments(segments: readonly string[], names: readonly string[]): boolean {
  let reach = [true, ...names.map(() => false)];
  for (const segment of segments) {
    const next = reach.map(() => false);
    if (segment === '**') {
      let open = false;
      for (const [index, reached] of reach.entries()) {
        open ||= reached;
        next[index] = open;
      }
    } else {
      for (const [index, name] of names.entries()) if (reach[index] === true && matchName(segment, name)) next[index + 1] = true;
    }
    reach = next;
  }
  return reach[names.length] === true;
}

/** The two-pointer walk: on a mismatch only the last star gives way, so the cost is the product of the lengths at most. */
function matchName(pattern: string, name: string): boolean {
  let [at, inName] = [0, 0];
  let [starAt, starName] = [-1, 0];
  while (inName < name.length) {
    const step = at < pattern.length && pattern.charAt(at) !== '*' ? matchOne(pattern, at, name.charAt(inName)) : 0;
    if (step > 0) {
      at += step;
      inName++;
    } else if (pattern.charAt(at) === '*') {
      starAt = at++;
      starName = inName;
    } else if (starAt >= 0) {
      at = starAt + 1;
      inName = ++starName;
    } else return false;
  }
  while (pattern.charAt(at) === '*') at++;
  return at === pattern.length;
}

/** How many characters of the pattern match this one character; 0 = it does not match. */
function matchOne(pattern: string, at: number, char: string): number {
  const token = pattern.charAt(at);
  if (token === '?') return 1;
  const end = token === '[' ? pattern.indexOf(']', at + 2) : -1;
  if (end < 0) return token === char ? 1 : 0;
  let set = pattern.slice(at + 1, end);
  const negated = set.startsWith('!') || set.startsWith('^');
  if (negated) set = set.slice(1);
  return isInSet(set, char) === negated ? 0 : end - at + 1;
}

function isInSet(set: string, char: string): boolean {
  for (let at = 0; at < set.length; at++) {
    if (set.charAt(at + 1) === '-' && at + 2 < set.length) {
      if (set.charAt(at) <= char && char <= set.charAt(at + 2)) return true;
      at += 2;
    } else if (set.charAt(at) === char) return true;
  }
  return false;
}
