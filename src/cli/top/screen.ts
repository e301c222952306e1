import type { CommandIo } from '../io.ts';

const mark = String.fromCharCode(27);
/** Alternate screen, no cursor; and back. */
const enter = `${mark}[?1049h${mark}[?25l`;
const leave = `${mark}[?25h${mark}[?1049l`;
const home = `${mark}[H`;
const clearLine = `${mark}[K`;
const clearBelow = `${mark}[J`;

/** The terminal while the view has it: the whole screen, and keys as they are pressed. */
export class Screen {
  readonly #io: CommandIo;
  #open = true;

  constructor(io: CommandIo) {
    this.#io = io;
    io.stdin.setRawMode?.(true);
    io.stdout.write(enter);
  }

  get columns(): number {
    return this.#io.stdout.columns ?? 80;
  }

  get rows(): number {
    return this.#io.stdout.rows ?? 24;
  }

  /** Writes over what is there: nothing flickers, nothing scrolls. */
  draw(lines: readonly string[]): void {
    if (this.#open) this.#io.stdout.write(`${home}${lines.map((line) => `${line}${clearLine}`).join('\r\n')}${clearBelow}`);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#io.stdin.setRawMode?.(false);
    this.#io.stdout.write(leave);
  }
}
