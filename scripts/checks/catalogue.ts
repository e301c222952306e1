import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCatalogue } from '../../protocols/errors/catalogue.ts';
import { root } from './run.ts';
import { isProduct, sources } from './sources.ts';

export interface ErrorRow {
  readonly code: string;
  readonly status: string;
  readonly retryable: string;
  readonly meaning: string;
  readonly whatToDo: string;
}

/** The rows of `docs/errors.md`: lines that begin with a code in backticks. */
export function documentedErrors(page: string = readFileSync(join(root, 'docs', 'errors.md'), 'utf8')): readonly ErrorRow[] {
  return page.split('\n').flatMap((line) => {
    const cells = /^\| `([^`]+)` \|/.test(line)
      ? line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      : [];
    const [code, status, retryable, meaning, whatToDo] = cells;
    if (code === undefined || status === undefined || retryable === undefined || meaning === undefined || whatToDo === undefined) return [];
    return [{ code: code.replaceAll('`', ''), status, retryable, meaning, whatToDo }];
  });
}

/** What catalogue and page say differently, in both directions. */
export function pageProblems(rows: readonly ErrorRow[] = documentedErrors()): readonly string[] {
  const pages = new Map(rows.map((row) => [row.code, row]));
  const missing = Object.entries(errorCatalogue).flatMap(([code, { status, retryable, meaning }]) => {
    const row = pages.get(code);
    if (row === undefined) return [`${code} is not in docs/errors.md`];
    const same = row.status === String(status) && row.retryable === (retryable ? 'yes' : 'no') && row.meaning === meaning;
    return [
      ...(same ? [] : [`${code} has another status, retryable or meaning in docs/errors.md`]),
      ...(row.whatToDo.length < 8 ? [`${code} does not say what to do in docs/errors.md`] : []),
    ];
  });
  const invented = rows.filter(({ code }) => !Object.hasOwn(errorCatalogue, code)).map(({ code }) => `${code} of docs/errors.md is not in the catalogue`);
  const twice = rows.length === pages.size ? [] : ['docs/errors.md names a code twice'];
  return [...missing, ...invented, ...twice];
}

/** Codes of the catalogue that no shipped source names, neither to throw nor to answer. */
export function unusedCodes(): readonly string[] {
  const texts = sources(['protocols', 'actors', 'swarm', 'src'])
    .filter((source) => isProduct(source) && source.path !== 'protocols/errors/catalogue.ts')
    .map(({ text }) => text)
    .join('\n');
  return Object.keys(errorCatalogue).filter((code) => !texts.includes(`'${code}'`));
}
