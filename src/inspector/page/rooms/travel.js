import { h } from '../dom.js';
import { clock, clockMs, count, duration, money, num, shortId } from '../figures.js';
import { glyph, roleOfFact } from '../glyphs.js';
import { chartFrame, runOn } from './chart.js';
import { chosenGoal, goalChoice } from './goal-choice.js';
import { empty, failed, loading, roleOf, stateMark, virtualList } from './parts.js';
import { told } from './tape.js';

/** Marks closer than this share of the slider would cover each other. */
const marksApart = 0.13;
const rowPx = 26;

const wish = ({ ui }, goal) => ({ root: goal, ...(ui.pastAt === null ? {} : { at: ui.pastAt }), ...(ui.pastActor === null ? {} : { actor: ui.pastActor }) });

export function sentence(app) {
  const id = chosenGoal(app, app.ui.travel);
  const view = app.store.past.view;
  if (id === null) return ['Nothing has run here yet.', 'The journal of a goal can be gone through, record by record.'];
  if (view === null || view.root !== id) return [`${shortId(id)}: its journals are read.`, 'Slide to see every machine as it was.'];
  const { record, at, total } = view;
  return [
    `${shortId(id)}, record ${num(at)} of ${num(total)}.`,
    record === undefined ? '' : `${record.actor} took ${record.event} at ${clock(record.at)} and was ${record.state}.`,
  ];
}

/** Stands at a record; the end of the journals is followed. */
export function travelTo(app, at) {
  const { view } = app.store.past;
  if (view === null) return;
  const place = Math.max(1, Math.min(view.total, at));
  app.ui.pastAt = place === view.total ? null : place;
  history.replaceState(null, '', `#travel/${view.root}${app.ui.pastAt === null ? '' : `/${place}`}`);
  app.draw();
}

/** One record on or back, from the keyboard. */
export const travelBy = (app, by) => app.store.past.view !== null && travelTo(app, (app.ui.pastAt ?? app.store.past.view.total) + by);

function slider(app, view) {
  const at = app.ui.pastAt ?? view.total;
  const share = at / view.total;
  // From one record in ten seconds to thousands in one: only a logarithm shows both.
  const height = (rate) => Math.log2(1 + rate);
  const most = Math.max(1, ...view.density.map(height));
  let lastMark = -1;
  const marks = view.marks.filter(([record]) => {
    const place = record / view.total;
    if (place - lastMark < marksApart || place > 0.9) return false;
    lastMark = place;
    return true;
  });
  return [
    h(
      'div.dens',
      { key: 'dens', 'aria-hidden': 'true' },
      view.density.map((many, index) =>
        h(`i${(index + 0.5) / view.density.length <= share ? '.past' : ''}`, {
          title: `${many} records a second`,
          v: { h: `${(8 + (92 * height(many)) / most).toFixed(1)}%` },
        }),
      ),
    ),
    h('input', {
      key: 'slider',
      type: 'range',
      min: 1,
      max: view.total,
      value: at,
      'data-travel': true,
      'aria-label': 'Record of the goal’s journals',
      'aria-valuetext': `record ${at} of ${view.total}`,
      hook: (element) => {
        // While it is held, the slider is the reader's.
        if (element.ownerDocument.activeElement === element && Number(element.value) !== at && element.dataset.held !== 'yes') element.value = String(at);
      },
      on: {
        pointerdown: ({ target }) => {
          target.dataset.held = 'yes';
        },
        pointerup: ({ target }) => {
          target.dataset.held = 'no';
        },
        input: ({ target }) => travelTo(app, Number(target.value)),
      },
    }),
    h(
      'div.marks',
      { key: 'marks' },
      marks.map(([record, event, actor]) =>
        h(
          'button',
          { key: record, v: { l: `${((100 * record) / view.total).toFixed(2)}%` }, title: `${event} of ${actor}`, on: { click: () => travelTo(app, record) } },
          glyph(roleOfFact(event)),
          h('span', null, event),
        ),
      ),
    ),
  ];
}

function actorsThen(app, view) {
  const { store } = app;
  const rows = view.actors;
  const row = ([name, machine, state, n], at) => {
    const role = roleOf(store, machine, state);
    return h(
      'button.tl.abs',
      {
        key: name,
        role: 'option',
        'aria-selected': String(name === view.actor?.actor),
        'data-nav': true,
        v: { y: `${at * rowPx}px` },
        title: `${count(n, 'input')}`,
        on: { click: () => app.set({ pastActor: app.ui.pastActor === name ? null : name }) },
      },
      h('span.row', null, name === view.record?.actor ? h('i.step', { title: 'this record is its own' }) : null, h('span.mono.clip', null, name)),
      stateMark(role, state),
    );
  };
  const { list } = virtualList(app, { id: `past-${view.root}`, rows, height: rowPx, label: 'Actors then', row });
  const more = view.started - rows.length;
  return h(
    'section.thenlist',
    { key: 'actors', v: { h: `${rows.length * rowPx}px` } },
    h('h3.hd', null, 'Actors then', h('span.t3.num', null, `${num(view.started)} started`)),
    list,
    more > 0 ? h('p.t3.xs', { key: 'more' }, `and ${num(more)} more; counts are exact`) : null,
    h(
      'div.chips.tight',
      { key: 'counts' },
      Object.entries(view.counts).map(([key, many]) => {
        const [machine, ...state] = key.split('.');
        return h('span.tag', { key }, `${state.join('.')} ${num(many)}`, h('span.sr', null, ` of ${machine}`));
      }),
    ),
  );
}

const shownValue = (name, value) =>
  value === null
    ? '—'
    : name.endsWith('USD')
      ? money(value)
      : typeof value === 'number'
        ? num(value)
        : typeof value === 'boolean'
          ? value
            ? 'yes'
            : 'no'
          : value;

function machineThen(app, view) {
  const { actor } = view;
  if (actor === undefined) return null;
  const chart = app.store.charts.get(actor.machine);
  return h(
    'section',
    { key: 'machine' },
    h(
      'h3.hd',
      null,
      h('button.mono.link', { on: { click: () => app.go('actors', `${view.root}/${actor.actor}`) } }, actor.actor),
      h('span.t3', null, `as it was after ${count(actor.n, 'input')}`),
    ),
    chart === undefined
      ? h('p.t3', null, `${actor.machine}, ${actor.state}`)
      : chartFrame(`past-${actor.actor}`, chart, actor.state, runOn(chart, actor.moves, actor.last)),
  );
}

function factsThen(app, view) {
  const { actor, record } = view;
  return h(
    'section',
    { key: 'record' },
    h('h3.hd', null, `Record ${num(view.at)}`, h('span.t3.num', null, record === undefined ? '' : `${clock(record.at)}${clockMs(record.at)}`)),
    h(
      'div',
      null,
      view.before.map(([place, name, n, event, state, at]) =>
        h(
          'button.rec.past',
          { key: place, 'data-now': place === view.at, title: `input ${n} of ${name}, ${clock(at)}${clockMs(at)}`, on: { click: () => travelTo(app, place) } },
          h('span.n', null, num(place)),
          h('span.row', null, h('span.mono.b.clip', null, event), h('span.t3.clip.grow', null, name), h('span.t3.nowrap', null, state)),
        ),
      ),
    ),
    actor === undefined || actor.facts.length === 0
      ? null
      : h(
          'div',
          { key: 'facts' },
          h('h3.hd.sec', null, 'Facts', h('span.t3', null, `decided by ${actor.actor} on its last input`)),
          actor.facts.map(([seq, type, data]) =>
            h(
              'div.rec',
              { key: seq },
              h('span.n', null, num(seq)),
              h(
                'span.row',
                null,
                glyph(roleOfFact(type)),
                h('span.mono.b.nowrap', null, type),
                h('span.t2.clip.grow', { title: told({ type, data }) }, told({ type, data })),
              ),
            ),
          ),
        ),
    actor === undefined
      ? null
      : h(
          'div',
          { key: 'table' },
          h('h3.hd.sec', null, 'Table then', h('span.t3', null, actor.machine)),
          h(
            'dl.kv.num',
            null,
            [
              ...actor.table,
              ['unanswered requests', actor.pending],
              ['timers', actor.timers],
              ...Object.entries(actor.context).filter(([name]) => !actor.table.some(([known]) => known === name)),
              ['state hash', actor.stateHash === undefined ? null : `${actor.stateHash.slice(0, 12)}…`],
            ].map(([name, value]) => [
              h('dt', { key: `t${name}` }, name),
              h('dd', { key: `d${name}`, title: name === 'state hash' ? actor.stateHash : null }, shownValue(name, value)),
            ]),
          ),
        ),
  );
}

export function room(app) {
  const { store, ui } = app;
  if (!store.loaded) return loading();
  const id = chosenGoal(app, ui.travel);
  if (id === null) return empty('Nothing to look back at', 'Every record of a goal stays in its journal; a goal that ran can be gone through here.');
  store.lookBack(wish(app, id));
  const { view, failure } = store.past;
  if (failure !== null && failure.root === id) return failed(failure, () => store.lookBack(wish(app, id), true));
  if (view === null || view.root !== id) return loading();
  const at = ui.pastAt ?? view.total;
  return h(
    'div.split.col',
    { key: 'travel' },
    h(
      'div.tt',
      { key: 'head' },
      h(
        'div.row.wrap',
        null,
        goalChoice(app, 'travel', id),
        h('span.b.num', null, clock(view.record.at), h('span.t3', null, clockMs(view.record.at))),
        h(
          'span.t3.sm.num.hidem',
          null,
          view.reading ? `${num(view.total)} records read so far` : `${duration(view.record.at - view.begin)} in, of ${duration(view.end - view.begin)}`,
        ),
        h('span.grow'),
        h('button.btn', { 'aria-label': 'One record back', disabled: at <= 1, on: { click: () => travelTo(app, at - 1) } }, '‹ ', h('kbd.hidem', null, '←')),
        h(
          'button.btn',
          { 'aria-label': 'One record on', disabled: at >= view.total, on: { click: () => travelTo(app, at + 1) } },
          '› ',
          h('kbd.hidem', null, '→'),
        ),
        h('button.btn', { 'aria-pressed': String(ui.pastAt === null), on: { click: () => travelTo(app, view.total) } }, 'Last'),
      ),
      slider(app, view),
    ),
    h(
      'div.scroll',
      { key: 'body', tabindex: '0', 'aria-label': 'The goal as it was' },
      h('div.pane', null, h('div.then', null, actorsThen(app, view), machineThen(app, view), factsThen(app, view))),
    ),
  );
}
