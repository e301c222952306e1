import { h } from '../dom.js';
import { clock, count, duration, num, percent } from '../figures.js';
import { glyph } from '../glyphs.js';
import { empty, loading } from './parts.js';

/** A share of failures from which an hour gets its corner, and a tool its mark. */
const badShare = 0.05;
const hourMs = 3_600_000;
/** The scale of latency ends at 10 to this power, in ms. */
const scaleDecades = 5;

export const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

export function sentence({ store }) {
  const rows = store.usage?.tools ?? [];
  if (rows.length === 0) return ['No tool has run in the last 24 hours.', ''];
  const calls = sum(rows.map((row) => row.calls));
  const failed = sum(rows.map((row) => row.failed));
  const worst = [...rows].filter((row) => row.failed > 0).sort((a, b) => b.failed / b.calls - a.failed / a.calls)[0];
  const slow = [...rows].sort((a, b) => (b.p95 ?? 0) - (a.p95 ?? 0))[0];
  return [
    `${count(calls, 'call')} of ${count(rows.length, 'tool')}, ${failed === 0 ? 'none failed' : `${percent(failed, calls)} failed`}.`,
    worst !== undefined
      ? `Most in ${worst.name}: ${num(worst.failed)} of ${num(worst.calls)}.`
      : slow?.p95
        ? `The slowest is ${slow.name}, ${duration(slow.p95)} at p95.`
        : '',
  ];
}

const hourOf = (begin, at) => clock(begin + at * hourMs).slice(0, 2);

/** Calls of each tool by hour: the darker the more, a corner where they fail. */
export function heat(rows, begin, unit) {
  const most = Math.max(1, ...rows.flatMap((row) => row.hours));
  return h(
    'div.tw',
    { key: 'heat' },
    h(
      'div.heat',
      { role: 'img', 'aria-label': `Calls by hour: ${rows.map((row) => `${row.name} ${row.calls}`).join(', ')}` },
      rows.map((row) => [
        h('span.mono.sm.clip', { key: `n${row.name}`, title: row.name }, row.name),
        row.hours.map((calls, at) =>
          h(`i${calls > 0 && row.failedHours[at] / calls > badShare ? '.bad' : ''}`, {
            key: `${row.name}${at}`,
            v: { h: calls === 0 ? '0%' : `${(12 + 88 * Math.sqrt(calls / most)).toFixed(0)}%` },
            title: `${row.name}, ${hourOf(begin, at)}:00: ${count(calls, unit)}${row.failedHours[at] > 0 ? `, ${num(row.failedHours[at])} failed` : ''}`,
          }),
        ),
      ]),
      h('span', { key: 'corner' }),
      rows[0].hours.map((_, at) => h('span.x.num', { key: `x${at}` }, at % 3 === 0 ? hourOf(begin, at) : '')),
    ),
  );
}

/** p50, p95 and p99 of one row on a logarithm; what is not known is a dash. */
export function latency({ p50, p95, p99 }) {
  if (p50 === null) return h('div.lat', null);
  const place = (ms) => Math.max(0, Math.min(100, (Math.log10(Math.max(1, ms)) / scaleDecades) * 100));
  const share = (value) => `${value.toFixed(1)}%`;
  return h(
    'div.lat',
    { role: 'img', 'aria-label': `p50 ${duration(p50)}, p95 ${duration(p95)}, p99 ${duration(p99)}` },
    h('i', { v: { l: share(place(p50)), w: share(place(p99) - place(p50)) } }),
    h('i.in1', { v: { l: share(place(p50)), w: share(place(p95) - place(p50)) } }),
    h('b', { v: { l: share(place(p50)) } }),
    h('em', { v: { l: share(place(p99)) } }),
  );
}

export const latencyScale = () =>
  h(
    'th',
    { 'aria-label': 'p50, p95 and p99 on a log scale' },
    h(
      'div.lat.sc.num',
      { 'aria-hidden': 'true' },
      ['1 ms', '10 ms', '100 ms', '1 s', '10 s'].map((word, at) => h('span', { key: at, v: { l: `${at * (100 / scaleDecades)}%` } }, word)),
    ),
  );

/** The share that succeeded, marked where it is low. */
export function succeeded({ calls, failed }) {
  if (calls === 0) return '—';
  const text = percent(calls - failed, calls);
  return failed / calls > badShare ? h('span.st', { 'data-st': 'overQuota' }, glyph('overQuota', 'often fails'), text) : text;
}

export function room({ store }) {
  store.watchUsage(true);
  const { usage } = store;
  if (usage === null) return loading();
  if (usage.tools.length === 0)
    return empty('No tool has run here', 'Calls of tools in the last 24 hours are counted here, from the facts of the agents of all nodes.');
  const legend = [0, 34, 56, 78, 100];
  return h(
    'div.scroll',
    { key: 'tools' },
    h(
      'div.pane',
      null,
      h(
        'h3.hd',
        null,
        'Calls by hour',
        h('span.t3', null, 'last 24 hours; a corner marks an hour with failures above 5 %'),
        h(
          'span.legend.tight',
          null,
          '0',
          legend.map((value) => h('span.key.heatkey', { key: value, v: { h: `${value}%` } })),
          `${num(Math.max(...usage.tools.flatMap((row) => row.hours)))} an hour`,
        ),
      ),
      heat(usage.tools, usage.begin, 'call'),
      h(
        'div.sec',
        { key: 'latency' },
        h(
          'h3.hd',
          null,
          'Latency and success',
          h('span.t3', null, 'log scale, 1 ms to 100 s; approvals not counted'),
          h('span.legend', null, h('span', null, '▌p50'), h('span', null, '━ p95'), h('span', null, '○ p99')),
        ),
        h(
          'div.tw',
          null,
          h(
            'table',
            null,
            h(
              'thead',
              null,
              h(
                'tr',
                null,
                h('th', null, 'Tool'),
                ['Calls', 'Under way', 'Succeeded', 'p50', 'p95', 'p99'].map((word) => h('th.right', { key: word }, word)),
                latencyScale(),
                h('th', null, 'Last failure'),
              ),
            ),
            h(
              'tbody',
              null,
              usage.tools.map((row) =>
                h(
                  'tr',
                  { key: row.name },
                  h('td.mono', null, row.name),
                  h('td.num.right', null, num(row.calls)),
                  h('td.num.right', null, num(row.inFlight)),
                  h('td.num.right', null, succeeded(row)),
                  [row.p50, row.p95, row.p99].map((ms, at) => h('td.num.right', { key: at }, duration(ms))),
                  h('td', null, latency(row)),
                  h('td.t2', null, row.failure === undefined ? '—' : h('span', null, h('span.mono', null, row.failure.code), `, ${clock(row.failure.at)}`)),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
