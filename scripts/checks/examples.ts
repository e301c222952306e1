import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './run.ts';
import { type Source, sources } from './sources.ts';

/** A fence in a page or a comment that shows a region: ```ts source="path/of/x.examples.ts#region". */
interface Shown {
  readonly where: string;
  readonly path: string;
  readonly region: string;
  readonly code: string;
}

function dedent(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, '').split('\n');
  const depth = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(depth).trimEnd()).join('\n');
}

/** The regions of a compiled example: between `//#region name` and `//#endregion`. */
export function regionsOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^[ \t]*\/\/ ?#region (\S+)\n([\s\S]*?)^[ \t]*\/\/ ?#endregion/gm)].map(([, name = '', body = '']) => [name, dedent(body)]));
}

/** Fences with a source, in a Markdown page or behind the stars of a doc comment. Paths are relative to the file, or to the checkout in a page. */
export function shownIn({ path, text }: Source): readonly Shown[] {
  const page = path.endsWith('.md');
  const plain = page ? text : text.replaceAll(/^[ \t]*\* ?/gm, '');
  return [...plain.matchAll(/^```ts source="([^"#]+)#([^"]+)"\n([\s\S]*?)^```/gm)].map(([, file = '', region = '', code = '']) => ({
    where: path,
    path: page ? normalize(file) : normalize(join(dirname(path), file)).replaceAll('\\', '/'),
    region,
    code: dedent(code),
  }));
}

export function compareExamples(compiled: readonly Source[], showing: readonly Source[]): readonly string[] {
  const regions = new Map(compiled.flatMap(({ path, text }) => [...regionsOf(text)].map(([name, code]) => [`${path}#${name}`, code] as const)));
  const shown = showing.flatMap(shownIn);
  const used = new Set(shown.map(({ path, region }) => `${path}#${region}`));
  return [
    ...shown.flatMap(({ where, path, region, code }) => {
      const real = regions.get(`${path}#${region}`);
      if (real === undefined) return [`${where} shows ${path}#${region}, which does not exist`];
      return real === code ? [] : [`${where} shows something else than ${path}#${region}`];
    }),
    ...[...regions.keys()].filter((name) => !used.has(name)).map((name) => `${name} is shown nowhere`),
  ];
}

/** Every compiled example is what a page or comment shows, and a test runs it. */
export function checkExamples(): { readonly problems: readonly string[]; readonly checked: number; readonly unit: string } {
  const all = sources();
  const compiled = all.filter(({ path }) => path.endsWith('.examples.ts'));
  const pages = [...globSync('*.md', { cwd: root }), ...(existsSync(join(root, 'docs')) ? globSync('docs/**/*.md', { cwd: root }) : [])];
  const showing = [
    ...pages.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
    ...all.filter(({ path }) => !path.startsWith('test/') && !path.startsWith('scripts/')),
  ];
  const tests = all.filter(({ path }) => path.endsWith('.test.ts'));
  const unrun = compiled.filter(({ path }) => !tests.some(({ text }) => text.includes(`/${path.split('/').at(-1)}'`)));
  return {
    problems: [...compareExamples(compiled, showing), ...unrun.map(({ path }) => `${path} is imported by no test`)],
    checked: compiled.length,
    unit: 'compiled examples',
  };
}
