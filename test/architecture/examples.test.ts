import { describe, expect, test } from 'vitest';
import { checkExamples, compareExamples } from '../../scripts/checks/examples.ts';

const compiled = [{ path: 'src/a.examples.ts', text: 'export function f() {\n  //#region greet\n  const word = 1;\n    use(word);\n  //#endregion\n}\n' }];
const page = (path: string, code: string) => ({ path: 'docs/a.md', text: `Text.\n\n\`\`\`ts source="${path}"\n${code}\n\`\`\`\n` });

describe('a compiled example', () => {
  test('is the same on the page', () => {
    expect(compareExamples(compiled, [page('src/a.examples.ts#greet', 'const word = 1;\n  use(word);')])).toEqual([]);
  });

  test('is the same in a doc comment', () => {
    const comment = {
      path: 'src/a.ts',
      text: '/**\n * Text.\n *\n * ```ts source="./a.examples.ts#greet"\n * const word = 1;\n *   use(word);\n * ```\n */\n',
    };
    expect(compareExamples(compiled, [comment])).toEqual([]);
  });

  test('that differs is named', () => {
    expect(compareExamples(compiled, [page('src/a.examples.ts#greet', 'const word = 2;')])).toEqual([
      'docs/a.md shows something else than src/a.examples.ts#greet',
    ]);
  });

  test('that does not exist, or is shown nowhere, is named', () => {
    expect(compareExamples(compiled, [page('src/a.examples.ts#part', 'x')])).toEqual([
      'docs/a.md shows src/a.examples.ts#part, which does not exist',
      'src/a.examples.ts#greet is shown nowhere',
    ]);
  });
});

test('the examples of the tree are those that are shown, and run', () => {
  const { problems, checked } = checkExamples();
  expect(problems).toEqual([]);
  expect(checked).toBeGreaterThan(0);
});
