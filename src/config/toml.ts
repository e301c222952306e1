import { parse, stringify, TomlError } from 'smol-toml';
import { FlockworkError } from '../../protocols/errors/error.ts';

/** Parses TOML. A syntax error throws `config_invalid` with file, line and column. */
export function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    throw new FlockworkError('config_invalid', `${file}:${error.line}:${error.column}: ${reason}`, {
      cause: error,
      details: { file, line: error.line, column: error.column },
    });
  }
}

/** A whole document as TOML. */
export function tomlText(document: Readonly<Record<string, unknown>>): string {
  return `${stringify(document).trimEnd()}\n`;
}

/** One value as TOML writes it. */
export function tomlValue(value: unknown): string {
  return stringify({ value })
    .trim()
    .replace(/^value = /, '');
}
