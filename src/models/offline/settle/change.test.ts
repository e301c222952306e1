import { describe, expect, test } from 'vitest';
import { changeOf } from './change.ts';
import { unifiedDiff } from './edits.ts';
import { SourceFile } from './source-file.ts';
import { todoAt } from './todo.ts';

const fileOf = (text: string, path = 'a.ts'): SourceFile => new SourceFile(path, text.split('\n'));

/** What becomes of the first TODO of the first file: the files as they are after it, or why it is left alone. */
function settle(...texts: readonly (string | readonly [path: string, text: string])[]): readonly string[] | string {
  const files = texts.map((text, at) => (typeof text === 'string' ? fileOf(text, `f${at}.ts`) : fileOf(text[1], text[0])));
  const [file] = files;
  if (file === undefined) throw new Error('no file');
  const line = file.lines.findIndex((one) => one.includes('TODO')) + 1;
  const todo = todoAt(file, line);
  if ('why' in todo) return todo.why;
  const change = changeOf(todo, file, () => files);
  if ('why' in change) return change.why;
  return files.map(({ path, lines }) => {
    const own = new Map(change.edits.filter((edit) => edit.path === path).map((edit) => [edit.line, edit.text]));
    return lines
      .map((one, at) => (own.has(at + 1) ? own.get(at + 1) : one))
      .filter((one) => one !== null)
      .join('\n');
  });
}

describe('a rename', () => {
  test('goes through every file, leaves comments alone and takes the TODO away', () => {
    expect(
      settle(
        '// TODO: rename to priceOf; "calc" says nothing.\nexport function calc(n) {\n  return n > 1 ? calc(n - 1) : n;\n}',
        "import { calc } from './f0.ts';\n// calc is old\nlog(calc(1), recalc);",
      ),
    ).toEqual([
      'export function priceOf(n) {\n  return n > 1 ? priceOf(n - 1) : n;\n}',
      "import { priceOf } from './f0.ts';\n// calc is old\nlog(priceOf(1), recalc);",
    ]);
  });

  test('with the old name in the text, and beside the code', () => {
    expect(settle('const a = 1; // TODO: rename `a` to `first`\nuse(a);')).toEqual(['const first = 1;\nuse(first);']);
  });

  test.each([
    ['x.calc();', 'calc is also a property (f1.ts:1)'],
    ['run({ calc });', 'calc is also a key of an object (f1.ts:1)'],
    ['run({ calc: 1 });', 'calc is also a key or a parameter (f1.ts:1)'],
    ["run('calc');", 'calc also stands in a string or template (f1.ts:1)'],
    ['run(`${calc(1)}`);', 'calc also stands in a string or template (f1.ts:1)'],
    ['/calc/.test(x);', 'calc also stands in a string or template (f1.ts:1)'],
    ['const priceOf = 2, b = calc(1);', 'priceOf is taken already (f1.ts:1)'],
    ['function calc() {}', 'calc is declared 2 times'],
    ["import { other as calc } from './o.ts';", 'calc is also a name given to an import (f1.ts:1)'],
  ])('is left alone where %s may be something else', (other, why) => {
    expect(settle('// TODO: rename calc to priceOf\nfunction calc() {}', other)).toBe(why);
  });

  test('is left alone in a language that is not understood, or where nothing is declared', () => {
    expect(settle(['a.py', '# TODO: rename calc to price_of\ndef calc(): pass'])).toBe('names are told apart in JavaScript and TypeScript only');
    expect(settle('// TODO: rename to x\ncalc();')).toBe('the line below declares no name');
  });

  test('tells what other files still call it', () => {
    const files = [fileOf('// TODO: rename calc to priceOf\nfunction calc() {}'), fileOf('calc adds up', 'README.md')];
    const [file] = files;
    const todo = file === undefined ? undefined : todoAt(file, 1);
    if (file === undefined || todo === undefined || 'why' in todo) throw new Error('no TODO');
    expect(changeOf(todo, file, () => files)).toMatchObject({
      what: 'rename `calc` to `priceOf` in 1 line of 1 file; README.md:1 names it too and is left as it is',
    });
  });
});

describe('a line to be removed', () => {
  test.each([
    ['a();\n// TODO: remove this debug line\nconsole.log(x);\nb();', 'a();\nb();'],
    ['a();\nconsole.log(x); // TODO: remove this log\nb();', 'a();\nb();'],
    ['a();\n// TODO(ann): drop the line below.\ncheck(x);\nb();', 'a();\nb();'],
  ])('%j', (before, after) => {
    expect(settle(before)).toEqual([after]);
  });

  test.each([
    ['a();\n// TODO: remove this debug line\nsave(x);', 'the line does not look like debug output'],
    ['a();\n// TODO: remove this line\nconst x = 1;', 'the line declares something, or steers what comes after it'],
    ['a();\n// TODO: remove this line\nrun(x,\n  y);', 'the statement goes on in the next line'],
    ['a();\n// TODO: remove this line\nrun(x)\n  .then(y);', 'the statement goes on in the next line'],
    ['if (x)\n  // TODO: remove this line\n  run(x);', 'the line belongs to the statement before it'],
    ['a();\n// TODO: remove this line once v2 is out\nrun(x);', 'it says more than the change: "once v2 is out"'],
    ['a();\n// TODO: remove this line\n// because of that\nrun(x);', 'the comment goes on in the next line'],
    ['// TODO: remove this line', 'no line of code follows it'],
  ])('%j is left alone', (before, why) => {
    expect(settle(before)).toBe(why);
  });

  test('the only line of a block of Python stays', () => {
    expect(settle(['a.py', 'def f():\n    # TODO: remove this debug line\n    print(1)'])).toBe('the block may be empty without the line');
  });
});

describe('a const', () => {
  test('takes the place of let', () => {
    expect(settle("// TODO: use const\nlet text: string = read('let x = 1');\nlog(text === x, text.y = 1);")).toEqual([
      "const text: string = read('let x = 1');\nlog(text === x, text.y = 1);",
    ]);
  });

  test.each(['n = 2;', 'n += 1;', 'n++;', '--n;', '[n] = f();', '({ a, n } = f());', 'for (n of all) f();', 'n ??= 1;'])(
    'is left alone when there is %s',
    (line) => {
      expect(settle(`// TODO: use const\nlet n = 1;\n${line}`)).toBe('n is assigned again in line 3');
    },
  );

  test('an assignment in a string or comment is none', () => {
    expect(settle("// TODO: use const\nlet n = 1;\nlog('n = 2'); // n = 3")).toEqual(["const n = 1;\nlog('n = 2'); // n = 3"]);
  });

  test('is left alone for several variables, for none, and without a value', () => {
    expect(settle('// TODO: use const\nlet a = f(1, 2), b = 2;')).toBe('the line declares several variables');
    expect(settle('// TODO: use const\nlet a;')).toBe('the line declares no variable with let and a value');
    expect(settle('// TODO: use const\nvar a = 1;')).toBe('the line declares no variable with let and a value');
  });
});

describe('a text to be replaced', () => {
  test.each([
    ["// TODO: replace 'USD' with 'EUR'\nshow('USD');", "show('EUR');"],
    ['if (a == b) f(); // TODO: use === instead of ==', 'if (a === b) f();'],
    ['if (a === b) f(c == d); // TODO: use === instead of ==', 'if (a === b) f(c === d);'],
  ])('%j', (before, after) => {
    expect(settle(before)).toEqual([after]);
  });

  test('is left alone when the line does not hold it just once', () => {
    expect(settle('// TODO: change "a" to "b"\nf(a, a);')).toBe('the line holds a 2 times');
    expect(settle('// TODO: change "a" to "b"\nf(aa);')).toBe('the line does not hold a');
  });
});

test.each([
  'retry with some jitter',
  'use the language of the customer',
  'the border itself',
  'rename things',
  'pages; a customer with thousands of orders',
  'const correctness',
])('TODO: %s needs judgement', (said) => {
  expect(settle(`// TODO: ${said}\nlet a = 1;`)).toBe('its text names no change that can be made without judgement');
});

test('a file that was shown cut or masked is not touched', () => {
  expect(settle("// TODO: use const\nlet a = 1;\nkey = '[redacted:api-key]';")).toBe(
    'line 3 of the file was shown cut or masked, so it cannot be changed safely',
  );
});

test('edits become hunks with their context, near ones in one', () => {
  const lines = Array.from({ length: 20 }, (_, at) => `line ${at + 1}`);
  const edit = (line: number, text: string | null) => ({ path: 'a.ts', line, before: `line ${line}`, text });
  expect(unifiedDiff([edit(2, null), edit(5, 'five'), edit(18, 'eighteen')], () => lines)).toBe(
    [
      '--- a/a.ts',
      '+++ b/a.ts',
      '@@ -1,8 +1,7 @@',
      ' line 1',
      '-line 2',
      ' line 3',
      ' line 4',
      '-line 5',
      '+five',
      ' line 6',
      ' line 7',
      ' line 8',
      '@@ -15,6 +14,6 @@',
      ' line 15',
      ' line 16',
      ' line 17',
      '-line 18',
      '+eighteen',
      ' line 19',
      ' line 20',
      '',
    ].join('\n'),
  );
});
