import { h } from '../dom.js';
import { count, num, shortId } from '../figures.js';
import { glyph, roles } from '../glyphs.js';
import { actorPane } from './actor-pane.js';
import { empty, loading, roleOf, virtualList } from './parts.js';

/** Older than this without a step while a model or tool should be at work looks stuck. */
const stuckMs = 120_000;

/** Actors by role, exact. */
function byRole(store) {
  const counts = {};
  for (const [key, many] of Object.entries(store.counts)) {
    const [machine, ...state] = key.split('.');
    const role = roleOf(store, machine, state.join('.'));
    counts[role] = (counts[role] ?? 0) + many;
  }
  return counts;
}

export function sentence({ store }) {
  const counts = byRole(store);
  if (store.total === 0) return ['No actor has run on this node yet.', ''];
  const working = (counts.thinking ?? 0) + (counts.acting ?? 0) + (counts.backoff ?? 0);
  const bad = (counts.failed ?? 0) + (counts.overQuota ?? 0);
  const now = Date.now();
  let stuck = 0;
  for (const actor of store.actors.values()) {
    const role = roleOf(store, actor.machine, actor.state);
    if (actor.machine === 'agent' && (role === 'thinking' || role === 'acting') && now - actor.at > stuckMs) stuck++;
  }
  const waiting = counts.waiting ?? 0;
  const more = [
    waiting > 0 ? `${num(waiting)} ${waiting === 1 ? 'waits' : 'wait'}` : '',
    bad > 0 ? `${num(bad)} ended badly` : '',
    stuck > 0 ? `${num(stuck)} took no step for two minutes` : 'none is stuck',
  ];
  const second = more.filter(Boolean).join(', ');
  return [
    `${count(store.total, 'actor')} on ${store.node}, ${working === 0 ? 'none' : num(working)} at work.`,
    `${second.charAt(0).toUpperCase()}${second.slice(1)}.`,
  ];
}

/** Goals, the newest first, each coordinator before its agents. Sorted only when actors come or go. */
function sorted({ store, ui }) {
  if (ui.sortedFor === store.generation && ui.sortedActors !== undefined) return ui.sortedActors;
  const newest = new Map();
  for (const actor of store.actors.values()) newest.set(actor.root, Math.min(newest.get(actor.root) ?? Infinity, actor.number));
  const rank = (actor) => (actor.machine === 'coordinator' ? 0 : Number(/^agent-t(\d+)/.exec(actor.actor)?.[1] ?? 0) + 1);
  ui.sortedActors = [...store.actors.values()].sort((a, b) => newest.get(b.root) - newest.get(a.root) || rank(a) - rank(b) || a.number - b.number);
  ui.sortedFor = store.generation;
  return ui.sortedActors;
}

export function room(app) {
  const { store, ui } = app;
  if (store.feed.kind === 'connecting' && store.total === 0) return loading();
  const wanted = ui.actorSearch.toLowerCase();
  const filtered = wanted !== '' || ui.role !== null;
  const rows = filtered
    ? sorted(app).filter(
        (actor) =>
          (ui.role === null || roleOf(store, actor.machine, actor.state) === ui.role) &&
          (wanted === '' || actor.key.toLowerCase().includes(wanted) || actor.state.includes(wanted)),
      )
    : sorted(app);
  if (store.total === 0 && ui.actor === null)
    return empty(
      'No actor yet',
      'Actors of this node appear here when they take their first step. Those of goals that ended before this node started are in the goals.',
    );
  const open = ui.actor ?? (app.narrow() ? null : (rows.find((actor) => actor.machine === 'agent')?.key ?? rows[0]?.key ?? null));
  if (ui.actor === null && open !== null && ui.heldActor === undefined) ui.heldActor = open;
  const shown = ui.actor ?? (app.narrow() ? null : (ui.heldActor ?? open));
  store.watchActor(shown);
  store.open(shown === null ? null : shown.split('/')[0]);
  const row = (actor) => {
    const role = roleOf(store, actor.machine, actor.state);
    const child = actor.machine !== 'coordinator';
    return h(
      'button.ar',
      {
        key: actor.number,
        role: 'treeitem',
        'aria-level': child ? '2' : '1',
        'aria-selected': String(actor.key === shown),
        'data-nav': true,
        v: { y: `${rows.indexOf(actor) * 28}px`, d: child && !filtered ? 1 : 0 },
        on: { click: () => app.go('actors', actor.key) },
      },
      h('span.row', null, glyph(role, role), h('span.mono.clip', { title: actor.key }, child ? (filtered ? actor.key : actor.actor) : shortId(actor.root))),
      h('span.clip.st', { 'data-st': role }, actor.state),
      h('span.right.num.t3', { title: 'inputs taken' }, num(actor.seq)),
      h(`span.right.num${actor.depth === 0 ? '.t3' : ''}`, { title: 'waiting in the mailbox' }, num(actor.depth)),
    );
  };
  const { list, inView } = virtualList(app, { id: 'actors', rows, height: 28, label: 'Actors', role: 'tree', row });
  const number = shown === null ? undefined : store.byKey.get(shown)?.number;
  store.look({ visible: [...(number === undefined ? [] : [number]), ...inView.map((actor) => actor.number)] });
  const counts = byRole(store);
  const chips = h(
    'div.chips',
    { key: 'chips', role: 'group', 'aria-label': 'Actors by state' },
    roles
      .filter((role) => counts[role])
      .map((role) =>
        h(
          'button.chip.num',
          { key: role, 'aria-pressed': String(ui.role === role), on: { click: () => app.set({ role: ui.role === role ? null : role }) } },
          glyph(role),
          h('b', null, num(counts[role])),
          role,
        ),
      ),
    h('span.grow'),
    h('span.t3.sm.num.hidem', null, `${num(store.stepRate())} steps/s`),
  );
  const shares = h(
    'div.states',
    { key: 'shares', 'aria-hidden': 'true' },
    roles.filter((role) => counts[role]).map((role) => h('i', { key: role, 'data-st': role, v: { n: counts[role] } })),
  );
  return [
    h(`div${ui.actor === null ? '' : '.hasopen'}`, { key: 'counts' }, chips, shares),
    h(
      `div.split${ui.actor === null ? '' : '.open'}`,
      { key: 'actors', v: { list: '300px' } },
      h(
        'section.list',
        { key: 'list', 'aria-label': 'Actors' },
        h(
          'div.bar',
          null,
          h('input.in.grow', {
            placeholder: 'Goal, actor or state',
            'aria-label': 'Filter actors',
            value: ui.actorSearch,
            'data-search': true,
            on: { input: ({ target }) => app.set({ actorSearch: target.value }) },
          }),
          h('span.t3.sm.num', null, num(rows.length)),
        ),
        h('div.colh', null, h('span', null, 'Actor'), h('span', null, 'State'), h('span.right', null, 'Inputs'), h('span.right', null, 'Mail')),
        list,
      ),
      h('section.det.scroll', { key: shown ?? 'none', 'aria-label': 'One actor' }, shown === null ? null : actorPane(app, shown)),
    ),
  ];
}
