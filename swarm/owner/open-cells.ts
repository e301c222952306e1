import type { Cell } from '../../actors/cell/cell.ts';

/** The cells that are open in this process, by stream: how messages find them. No actor holds a reference to another. */
export class OpenCells {
  readonly #cells = new Map<string, Cell>();

  get size(): number {
    return this.#cells.size;
  }

  add(cell: Cell): void {
    this.#cells.set(cell.stream, cell);
    void cell.whenStopped().then(() => {
      if (this.#cells.get(cell.stream) === cell) this.#cells.delete(cell.stream);
    });
  }

  get(stream: string): Cell | undefined {
    return this.#cells.get(stream);
  }

  all(): readonly Cell[] {
    return [...this.#cells.values()];
  }
}
