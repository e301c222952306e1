import type { Labels, MetricFamily } from './family.ts';

/** The content type of what `exposition` writes. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

const unitWords: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes', USD: 'usd' };

/** The name that OpenTelemetry's metric has in Prometheus: dots as `_`, the unit and `_total` at its end. */
export function prometheusName({ name, unit, kind }: Pick<MetricFamily, 'name' | 'unit' | 'kind'>): string {
  const base = name.replaceAll('.', '_');
  const word = unitWords[unit] ?? '';
  const withUnit = word === '' || base.endsWith(`_${word}`) ? base : `${base}_${word}`;
  return kind === 'counter' ? `${withUnit}_total` : withUnit;
}

/** The text format of Prometheus 0.0.4, with classic histograms. */
export function exposition(families: readonly MetricFamily[]): string {
  return families.map(familyText).join('');
}

function familyText(family: MetricFamily): string {
  const name = prometheusName(family);
  const lines = [`# HELP ${name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${family.kind}`];
  if (family.kind === 'histogram') {
    for (const { labels, counts, sum } of family.samples) {
      let below = 0;
      for (const [at, count] of counts.entries()) {
        below += count;
        const bound = family.bounds[at];
        lines.push(`${name}_bucket${labelText({ ...labels, le: bound === undefined ? '+Inf' : String(bound) })} ${below}`);
      }
      lines.push(`${name}_sum${labelText(labels)} ${sum}`, `${name}_count${labelText(labels)} ${below}`);
    }
  } else {
    for (const { labels, value } of family.samples) lines.push(`${name}${labelText(labels)} ${valueText(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
