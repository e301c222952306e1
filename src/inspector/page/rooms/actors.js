import { h } from '../dom.js';
import { count, num, shortId } from '../figures.js';
import { glyph, roles } from '../glyphs.js';
import { actorPane } from './actor-pane.js';
import { empty, loading, roleOf, virtualList } from './parts.js';

/** Older than this without a step while a model or tool should be at work looks stuck. */
const stuckMs = 120_000;
/** More actors than this are put in order again only every so often. */
const sortAtOnceMax = 1_000;
const sortAgainMs = 1_000;

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
    `${count(store.total, 'actor')} on ${store.countsByNode === null ? store.node : count(Object.keys(store.countsByNode).length, 'node')}, ${working === 0 ? 'none' : num(working)} at work.`,
    `${second.charAt(0).toUpperCase()}${second.slice(1)}.`,
  ];
}

/** Goals, the newest first, each coordinator before its agents. Sorted only when actors come or go. */
function sorted({ store, ui }) {
  if (ui.sortedFor === store.generation && ui.sortedActors !== undefined) return ui.sortedActors;
  // While thousands come in, the list need not be put in order with each of them.
  if (ui.sortedActors !== undefined && store.actors.size > sortAtOnceMax && Date.now() - ui.sortedAt < sortAgainMs) return ui.sortedActors;
  ui.sortedAt = Date.now();
  const newest = new Map();
  for (const actor of store.actors.values()) newest.set(actor.root, Math.min(newest.get(actor.root) ?? Infinity, actor.number));
  ui.sortedActors = [...store.actors.values()].sort((a, b) => newest.get(b.root) - newest.get(a.root) || a.rank - b.rank || a.number - b.number);
  ui.sortedFor = store.generation;
  return ui.sortedActors;
}

/** What each node holds, by state; a node is a way to its actors. */
function byNode({ store, ui, set }) {
  if (store.countsByNode === null) return null;
  const rows = Object.entries(store.countsByNode)
    .map(([node, counts]) => [node === '' ? store.node : node, byRole({ counts, charts: store.charts })])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return h(
    'div.bynode',
    { key: 'nodes', role: 'group', 'aria-label': 'Actors by node' },
    rows.map(([node, counts]) =>
      h(
        'button.row',
        { key: node, 'aria-pressed': String(ui.actorNode === node), on: { click: () => set({ actorNode: ui.actorNode === node ? null : node }) } },
        h('b.clip', null, node),
        roles.filter((role) => counts[role]).map((role) => h('span.st.num', { key: role, 'data-st': role, title: role }, glyph(role, role), num(counts[role]))),
      ),
    ),
  );
}

export function room(app) {
  const { store, ui } = app;
  if (store.feed.kind === 'connecting' && store.total === 0) return loading();
  const wanted = ui.actorSearch.toLowerCase();
  const filtered = wanted !== '' || ui.role !== null || ui.actorNode !== null;
  const rows = filtered
    ? sorted(app).filter(
        (actor) =>
          (ui.role === null || roleOf(store, actor.machine, actor.state) === ui.role) &&
          (ui.actorNode === null || actor.node === ui.actorNode) &&
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
  const row = (actor, at) => {
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
        v: { y: `${at * 28}px`, d: child && !filtered ? 1 : 0 },
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
    h(`div${ui.actor === null ? '' : '.hasopen'}`, { key: 'counts' }, chips, shares, byNode(app)),
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
