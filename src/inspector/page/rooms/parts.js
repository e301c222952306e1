import { h } from '../dom.js';
import { glyph, mark } from '../glyphs.js';

/** A state in shape, colour and word. */
export const stateMark = (role, word = role) => h('span.st', { 'data-st': role }, glyph(role), h('span', null, word));

export const empty = (title, text, ...more) => h('div.void', { key: 'void' }, mark(1.1), h('h2', null, title), h('p', null, text), more);

/** Rows of the right height while the first answer is on its way. */
export const loading = () =>
  h(
    'div.waits',
    { key: 'loading', 'aria-busy': 'true', 'aria-label': 'Reading' },
    [64, 38, 52, 70, 44, 58, 30, 62].map((width, at) =>
      h('div.skr', null, h('div.sk', { v: { w: '12px' } }), h('div.sk', { v: { w: `${width}%` } }), h('div.sk', { v: { w: `${8 + (at % 3) * 3}%` } })),
    ),
  );

/** A list that draws only the rows in view. */
export function virtualList(app, { id, rows, height, row, label, role = 'listbox' }) {
  const seen = app.ui.scroll[id] ?? { top: 0, height: 700 };
  const first = Math.max(0, Math.floor(seen.top / height) - 6);
  const last = Math.min(rows.length, first + Math.ceil(seen.height / height) + 14);
  const note = (element) => {
    app.ui.scroll[id] = { top: element.scrollTop, height: element.clientHeight };
    app.draw();
  };
  const list = h(
    'div.scroll',
    {
      key: `list-${id}`,
      tabindex: '0',
      'aria-label': `${label}, scrollable`,
      hook: (element) => {
        if (element.clientHeight > 0 && element.clientHeight !== seen.height) note(element);
      },
      on: { scroll: ({ target }) => note(target) },
    },
    h(
      'div.vl',
      { role, 'aria-label': label, v: { h: `${rows.length * height}px` } },
      rows.slice(first, last).map((one, at) => row(one, first + at)),
    ),
  );
  return { list, inView: rows.slice(first, last) };
}

/** A failure with its code as title. */
export const failed = (failure, again) =>
  h(
    'div.void',
    { key: 'failed', 'data-st': 'failed' },
    glyph('failed', 'failed', { class: 'g big' }),
    h('h2.mono', null, failure.code ?? 'failed'),
    h('p', null, failure.message),
    failure.retryable && again !== undefined ? h('button.btn', { on: { click: again } }, 'Try again') : null,
  );

/** The role of a machine's state, as its chart says. */
export function roleOf(store, machine, state) {
  return store.charts.get(machine)?.states.find(({ id }) => id === state)?.role ?? 'idle';
}
