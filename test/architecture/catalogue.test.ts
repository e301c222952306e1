import { describe, expect, test } from 'vitest';
import { errorCatalogue } from '../../protocols/errors/catalogue.ts';
import { documentedErrors, pageProblems, unusedCodes } from '../../scripts/checks/catalogue.ts';

describe('the check sees', () => {
  const rows = documentedErrors();
  const [first] = rows;

  test('a row as its cells', () => {
    expect(documentedErrors('| `goal_gone` | 404 | no | It went. | Nothing at all. |\ntext\n| code | status |')).toEqual([
      { code: 'goal_gone', status: '404', retryable: 'no', meaning: 'It went.', whatToDo: 'Nothing at all.' },
    ]);
  });

  test('a code that the page lacks, invents, repeats or describes otherwise', () => {
    if (first === undefined) throw new Error('docs/errors.md has no rows');
    expect(pageProblems(rows.slice(1))).toEqual([`${first.code} is not in docs/errors.md`]);
    expect(pageProblems([...rows, { ...first, code: 'goal_gone' }])).toEqual(['goal_gone of docs/errors.md is not in the catalogue']);
    expect(pageProblems([...rows, first])).toEqual(['docs/errors.md names a code twice']);
    for (const change of [{ status: '599' }, { retryable: 'perhaps' }, { meaning: 'Otherwise.' }]) {
      expect(pageProblems([{ ...first, ...change }, ...rows.slice(1)])).toEqual([`${first.code} has another status, retryable or meaning in docs/errors.md`]);
    }
    expect(pageProblems([{ ...first, whatToDo: '' }, ...rows.slice(1)])).toEqual([`${first.code} does not say what to do in docs/errors.md`]);
  });
});

describe('the error catalogue', () => {
  const entries = Object.entries(errorCatalogue);

  test('is docs/errors.md', () => {
    expect(pageProblems()).toEqual([]);
  });

  test('has codes in lower snake_case and statuses that are errors', () => {
    expect(entries.filter(([code]) => !/^[a-z]+(_[a-z]+)*$/.test(code))).toEqual([]);
    expect(entries.filter(([, { status }]) => status < 400 || status > 599)).toEqual([]);
  });

  test('names nothing that is thrown nowhere', () => {
    expect(unusedCodes()).toEqual([]);
  });
});
