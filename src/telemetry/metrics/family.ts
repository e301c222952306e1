/** Label names and values of one sample, in the order in which the metric names them. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  /** Observations of each bucket alone, one more than there are bounds: the last has no upper end. */
  readonly counts: readonly number[];
  readonly sum: number;
}

interface Described {
  /** Words with dots, as OpenTelemetry names metrics: `flockwork.ticks`. */
  readonly name: string;
  readonly help: string;
  /** `s`, `By`, `USD`, or empty for a count. */
  readonly unit: string;
}

/** One metric as plain data: what is written for Prometheus and sent as OTLP. */
export type MetricFamily =
  | (Described & { readonly kind: 'counter' | 'gauge'; readonly samples: readonly Sample[] })
  | (Described & { readonly kind: 'histogram'; readonly bounds: readonly number[]; readonly samples: readonly HistogramSample[] });

/** A counter or gauge without labels. */
export function single(kind: 'counter' | 'gauge', name: string, help: string, value: number, unit = ''): MetricFamily {
  return { kind, name, help, unit, samples: [{ labels: {}, value }] };
}
