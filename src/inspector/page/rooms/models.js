import { h } from '../dom.js';
import { clock, count, duration, money, num } from '../figures.js';
import { empty, loading, stateMark } from './parts.js';
import { heat, latency, latencyScale, succeeded, sum } from './tools.js';

const hourMs = 3_600_000;
const kinds = ['k1', 'k2', 'k3'];

const providerOf = ({ name }) => name.split('/')[0] || name;
const total = (rows) => sum(rows.map((row) => row.costUsd ?? 0));

/** Providers with their models, the dearest first. */
function providers(rows) {
  const all = new Map();
  for (const row of rows) all.set(providerOf(row), [...(all.get(providerOf(row)) ?? []), row]);
  return [...all].sort(([, a], [, b]) => total(b) - total(a) || b.length - a.length);
}

export function sentence({ store }) {
  const rows = store.usage?.models ?? [];
  if (rows.length === 0) return ['No model was called in the last 24 hours.', ''];
  const bad = rows.filter((row) => row.failure !== undefined);
  const known = rows.some((row) => row.costUsd !== null);
  return [
    `${count(sum(rows.map((row) => row.calls)), 'call')} of ${count(rows.length, 'model')}, ${known ? money(total(rows)) : 'at no known price'}.`,
    bad.length === 0 ? 'Each answered its last call.' : `${bad[0].name} failed its last call with ${bad[0].failure.code}.`,
  ];
}

function health({ failure, calls, inFlight }) {
  if (failure !== undefined)
    return stateMark(/overloaded|rate|timeout|unavailable/.test(failure.code) ? 'backoff' : 'failed', `${failure.code}, ${clock(failure.at)}`);
  return calls === 0 && inFlight > 0 ? stateMark('thinking', 'first call') : stateMark('done', 'answers');
}

function costByHour(groups, begin) {
  const hours = groups[0][1][0].costHours.length;
  const costs = groups.slice(0, kinds.length).map(([, rows]) => Array.from({ length: hours }, (_, at) => sum(rows.map((row) => row.costHours[at]))));
  const most = Math.max(...Array.from({ length: hours }, (_, at) => sum(costs.map((one) => one[at]))));
  if (!(most > 0)) return null;
  return h(
    'div.sec',
    { key: 'cost' },
    h(
      'h3.hd',
      null,
      'Cost by provider and hour',
      h('span.t3', null, `at most ${money(most)} in an hour`),
      h(
        'span.legend',
        null,
        groups.slice(0, kinds.length).map(([name, rows], at) => h('span', { key: name }, h(`span.key.${kinds[at]}`), `${name} ${money(total(rows))}`)),
      ),
    ),
    h(
      'div.stack',
      { role: 'img', 'aria-label': `Cost by hour, at most ${money(most)}` },
      Array.from({ length: hours }, (_, at) =>
        h(
          'div',
          { key: at, title: `${clock(begin + at * hourMs).slice(0, 5)}: ${money(sum(costs.map((one) => one[at])))}` },
          costs.map((one, index) => (one[at] > 0 ? h(`u.${kinds[index]}`, { key: index, v: { h: `${((100 * one[at]) / most).toFixed(1)}%` } }) : null)),
        ),
      ),
    ),
    h('div.row.xs.t3.num', null, clock(begin).slice(0, 5), h('span.grow'), clock(begin + (hours / 2) * hourMs).slice(0, 5), h('span.grow'), 'now'),
  );
}

export function room({ store }) {
  store.watchUsage(true);
  const { usage } = store;
  if (usage === null) return loading();
  if (usage.models.length === 0)
    return empty('No model was called here', 'Calls of models in the last 24 hours are counted here, from the facts of the agents of all nodes.');
  const groups = providers(usage.models);
  return h(
    'div.scroll',
    { key: 'models' },
    h(
      'div.pane',
      null,
      h('h3.hd', null, 'Models by provider', h('span.t3', null, 'last 24 hours; log scale, 1 ms to 100 s')),
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
              ['Provider', 'Model', 'Last call'].map((word) => h('th', { key: word }, word)),
              ['Under way', 'Calls', 'Succeeded', 'p50', 'p95', 'p99'].map((word) => h('th.right', { key: word }, word)),
              latencyScale(),
              ['Tokens', 'Cost'].map((word) => h('th.right', { key: word }, word)),
            ),
          ),
          h(
            'tbody',
            null,
            groups.flatMap(([provider, rows]) =>
              rows.map((row, at) =>
                h(
                  'tr',
                  { key: row.name },
                  h('td.b', null, at === 0 ? provider : ''),
                  h('td.mono', null, row.name.slice(provider.length + 1) || row.name),
                  h('td', null, health(row)),
                  h('td.num.right', null, num(row.inFlight)),
                  h('td.num.right', null, num(row.calls)),
                  h('td.num.right', null, succeeded(row)),
                  [row.p50, row.p95, row.p99].map((ms, index) => h('td.num.right', { key: index }, duration(ms))),
                  h('td', null, latency(row)),
                  h('td.num.right', null, num(row.tokens)),
                  h(
                    'td.num.right',
                    { title: row.unpriced > 0 ? `${num(row.unpriced)} calls without a known price` : null },
                    `${money(row.costUsd)}${row.costUsd !== null && row.unpriced > 0 ? ' +' : ''}`,
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
      costByHour(groups, usage.begin),
      h(
        'div.sec',
        { key: 'hours' },
        h('h3.hd', null, 'Calls by hour', h('span.t3', null, 'a corner marks an hour with failures above 5 %')),
        heat(usage.models, usage.begin, 'call'),
      ),
    ),
  );
}
