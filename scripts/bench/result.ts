/** One figure of a bench, beside the yardstick that ran in the same process. */
export interface BenchResult {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** The figure must not be above it; null where nothing is demanded, only stated. */
  readonly demand: number | null;
  readonly met: boolean | null;
  /** What the same work costs without Flockwork, in the same unit, and what it was. */
  readonly yardstick: { readonly what: string; readonly figure: number } | null;
  readonly runs: number;
  readonly note: string;
}

export interface Measured {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  readonly demand?: number;
  readonly yardstick?: { readonly what: string; readonly figure: number };
  readonly runs: number;
  readonly note: string;
}

export function resultOf({ name, figure, unit, demand, yardstick, runs, note }: Measured): BenchResult {
  const round = (value: number): number => Number(value.toPrecision(4));
  return {
    name,
    figure: round(figure),
    unit,
    demand: demand ?? null,
    met: demand === undefined ? null : figure <= demand,
    yardstick: yardstick === undefined ? null : { what: yardstick.what, figure: round(yardstick.figure) },
    runs,
    note,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
