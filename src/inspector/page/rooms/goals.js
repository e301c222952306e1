import { h } from '../dom.js';
import { count, duration, money, num, shorten, when } from '../figures.js';
import { glyph, roleOfStatus } from '../glyphs.js';
import { goalPane } from './goal-pane.js';
import { empty, failed, loading } from './parts.js';

const filters = {
  all: { word: 'All', takes: () => true },
  open: { word: 'Running', takes: (goal) => goal.status === 'running' || goal.status === 'accepted' },
  asks: { word: 'For you', takes: (goal, asking) => goal.status === 'paused' || asking.has(goal.id) },
};

export const askingGoals = (store) => new Set(store.approvals.map(({ goalId }) => goalId));

/** How many goals wait for a person. */
export function waiting(store) {
  const asking = askingGoals(store);
  return store.goals.filter((goal) => filters.asks.takes(goal, asking)).length;
}

export function sentence({ store }) {
  const running = store.goals.filter(filters.open.takes).length;
  const paused = store.goals.filter(({ status }) => status === 'paused').length;
  const approvals = store.approvals.length;
  if (!store.loaded) return ['Reading the goals…', ''];
  if (store.goals.length === 0) return ['Nothing has run here yet.', 'Submit a goal, here or from a terminal.'];
  const asks = [
    approvals > 0 ? count(approvals, 'tool call asks for a decision', 'tool calls ask for a decision') : '',
    paused > 0 ? count(paused, 'goal is paused at its quota', 'goals are paused at their quota') : '',
  ].filter(Boolean);
  const first = running === 0 ? 'No goal is running.' : `${count(running, 'goal is', 'goals are')} running.`;
  const ended = store.goals.filter(({ endedAt }) => endedAt !== undefined);
  const bad = ended.filter(({ status }) => status === 'failed').length;
  return [first, asks.length > 0 ? `${asks.join(', ')}.` : bad > 0 ? `${bad} of the last ${ended.length} failed.` : 'Nothing waits for you.'];
}

function item(app, goal, asking, open) {
  const { tasks, usage, status } = goal;
  const asks = asking.has(goal.id);
  const progress =
    goal.error !== undefined && status === 'failed' ? goal.error.code : tasks.total === 0 ? '' : `${tasks.completed} of ${count(tasks.total, 'task')}`;
  return h(
    'button.gi',
    { key: goal.id, role: 'option', 'aria-selected': String(goal.id === open), 'data-nav': true, on: { click: () => app.go('goals', goal.id) } },
    glyph(roleOfStatus(status)),
    h('span.ttl.clip', null, shorten(goal.goal.split('\n')[0], 160)),
    asks || status === 'paused' ? glyph('waiting', 'waits for you') : h('span'),
    h(
      'span.m.num',
      null,
      h('span', null, status),
      h('span', null, goal.strategy.type),
      h('span.grow', null, progress),
      h('span', null, usage.costUsd === null ? '' : money(usage.costUsd)),
      h('span', null, goal.endedAt === undefined ? duration(usage.seconds * 1_000) : when(goal.endedAt)),
    ),
  );
}

export function room(app) {
  const { store, ui } = app;
  const asking = askingGoals(store);
  const open = ui.goal ?? (app.narrow() ? null : (store.goals[0]?.id ?? null));
  store.open(open);
  if (!store.loaded) return store.failure === null ? loading() : failed(store.failure, () => store.refresh());
  if (store.goals.length === 0 && open === null) {
    return empty(
      'No goal yet',
      'Submit one here, or from a terminal:',
      h('code.cmd', null, 'npx flockwork submit "Find every TODO and say which one matters" --watch'),
      h('button.btn.pri', { on: { click: () => app.dialog('submit') } }, 'Submit goal'),
    );
  }
  const wanted = ui.search.toLowerCase();
  const shown = store.goals.filter(
    (goal) => filters[ui.goalFilter].takes(goal, asking) && (goal.goal.toLowerCase().includes(wanted) || goal.id.includes(wanted)),
  );
  const filter = (name) => {
    const many = name === 'all' ? '' : ` ${num(store.goals.filter((goal) => filters[name].takes(goal, asking)).length)}`;
    return h(
      'button.btn.bare',
      { key: name, 'aria-pressed': String(ui.goalFilter === name), on: { click: () => app.set({ goalFilter: name }) } },
      `${filters[name].word}${many}`,
    );
  };
  const list = h(
    'section.list',
    { key: 'list', 'aria-label': 'Goals' },
    h(
      'div.bar',
      null,
      Object.keys(filters).map(filter),
      h('span.grow'),
      h('input.in.find', {
        'aria-label': 'Filter goals',
        placeholder: 'Filter',
        value: ui.search,
        'data-search': true,
        on: { input: ({ target }) => app.set({ search: target.value }) },
      }),
    ),
    h(
      'div.scroll',
      null,
      h(
        'div',
        { role: 'listbox', 'aria-label': 'Goals' },
        shown.map((goal) => item(app, goal, asking, open)),
      ),
      shown.length === 0 ? h('p.none', null, 'No goal fits this filter.') : null,
      store.moreGoals === null ? null : h('p.none', null, `The latest ${store.goals.length}; older ones: npx flockwork goals`),
    ),
  );
  return h(
    `div.split${ui.goal === null ? '' : '.open'}`,
    { key: 'goals', v: { list: '328px' } },
    list,
    h('section.det.scroll', { key: open ?? 'none', 'aria-label': 'One goal' }, open === null ? null : goalPane(app, open)),
  );
}
