import { keysDialog, resumeDialog, submitDialog } from './dialogs.js';
import { $, focusOnce, h, render } from './dom.js';
import { duration, num } from './figures.js';
import { glyph, icon, mark } from './glyphs.js';
import * as actors from './rooms/actors.js';
import { decide } from './rooms/goal-pane.js';
import * as goals from './rooms/goals.js';
import * as messages from './rooms/messages.js';
import * as models from './rooms/models.js';
import * as more from './rooms/more.js';
import * as nodes from './rooms/nodes.js';
import * as tape from './rooms/tape.js';
import * as tools from './rooms/tools.js';
import * as travel from './rooms/travel.js';
import * as votes from './rooms/votes.js';
import { Store } from './store.js';

const tickMs = 1_000;
const chordMs = 1_200;
const themeKey = 'flockwork.theme';

const rooms = {
  goals: { word: 'Goals', group: 'Work', ...goals },
  actors: { word: 'Actors', group: 'Work', ...actors },
  tape: { word: 'Tape', group: 'Work', ...tape },
  messages: { word: 'Messages', group: 'One goal, closely', ...messages },
  votes: { word: 'Votes', group: 'One goal, closely', ...votes },
  travel: { word: 'Time travel', group: 'One goal, closely', ...travel },
  tools: { word: 'Tools', group: 'Means', ...tools },
  models: { word: 'Models', group: 'Means', ...models },
  nodes: { word: 'Nodes', group: 'Means', ...nodes },
  more: { word: 'More', group: '', ...more },
};
/** On a phone these stand at the bottom, and what else there is under More. */
const tabRooms = ['goals', 'actors', 'tape', 'travel'];

const ui = {
  room: 'goals',
  goal: null,
  actor: null,
  heldActor: undefined,
  follow: null,
  vote: null,
  talk: null,
  talkKind: 'all',
  talkAgent: '',
  talkBack: 0,
  message: null,
  travel: null,
  pastAt: null,
  pastActor: null,
  search: '',
  actorSearch: '',
  actorNode: null,
  tapeSearch: '',
  goalFilter: 'all',
  role: null,
  noun: '',
  paused: null,
  ganttShow: 'open',
  confirm: null,
  dialog: null,
  dialogOf: {},
  form: {},
  acts: new Map(),
  scroll: {},
  sortedFor: -1,
  sortedActors: undefined,
  sortedAt: 0,
  token: '',
};

let wanted = false;
/** Draws once in the next frame, however often it is asked for. */
function draw() {
  if (wanted) return;
  wanted = true;
  requestAnimationFrame(() => {
    wanted = false;
    drawNow();
  });
}

const store = new Store(draw);

const app = {
  store,
  ui,
  /** Rooms with their words, as they are shown now. */
  rooms: () => railRooms().map((name) => ({ name, word: rooms[name].word, group: rooms[name].group })),
  draw,
  narrow: () => matchMedia('(max-width:760px)').matches,
  set(changes) {
    Object.assign(ui, changes);
    draw();
  },
  go(room, of) {
    const address = `#${room}${of === undefined ? '' : `/${of}`}`;
    if (location.hash === address) draw();
    else location.hash = address;
  },
  dialog(name, of = {}) {
    if (name === null && ui.dialog === null) return;
    Object.assign(ui, { dialog: name, dialogOf: of, form: name === 'submit' && of.goal !== undefined ? { goal: of.goal } : name === null ? {} : ui.form });
    draw();
  },
  say(text) {
    $('#say').textContent = text;
  },
};

/** The address names the room and what is open in it; never a token. */
function readAddress() {
  const [room, ...of] = location.hash.slice(1).split('/').map(decodeURIComponent);
  const open = of.join('/') || null;
  Object.assign(ui, { room: Object.hasOwn(rooms, room) ? room : 'goals', confirm: null });
  ui.goal = ui.room === 'goals' ? open : ui.goal;
  ui.actor = ui.room === 'actors' ? open : ui.actor;
  if (ui.room === 'actors' && open !== null) ui.heldActor = open;
  if (ui.room === 'tape' && ui.follow !== open) Object.assign(ui, { follow: open, paused: null });
  ui.vote = ui.room === 'votes' ? open : ui.vote;
  if (ui.room === 'messages' && ui.talk !== open) Object.assign(ui, { talk: open, talkAgent: '', talkBack: 0, message: null });
  if (ui.room === 'travel') readTravel(of);
  if (ui.room !== 'tape') store.watchTape(false);
  if (ui.room !== 'tools' && ui.room !== 'models') store.watchUsage(false);
  if (ui.room !== 'actors') store.watchActor(null);
  draw();
}

/** `#travel/<goal>/<record>`; without a record the end is followed. */
function readTravel([goal, at]) {
  if (goal !== undefined && goal !== ui.travel) Object.assign(ui, { travel: goal, pastActor: null });
  ui.pastAt = at === undefined || !/^\d+$/.test(at) ? null : Math.max(1, Number(at));
}

/** A room is absent while there is nothing that it could show. */
const hasRoom = {
  votes: () => votes.any(store),
  messages: () => store.goals.length > 0,
  travel: () => store.goals.length > 0,
  more: () => app.narrow(),
};
const shownRooms = () => Object.keys(rooms).filter((name) => ui.room === name || hasRoom[name] === undefined || hasRoom[name]());
const railRooms = () => shownRooms().filter((name) => name !== 'more');

function badge(name) {
  if (name === 'goals') {
    const many = goals.waiting(store);
    return many === 0 ? null : h('span.n.num', { 'data-st': 'waiting', title: `${many} wait for you` }, num(many), glyph('waiting', 'wait for you'));
  }
  if (name === 'actors' && store.total > 0) return h('span.n.num', null, num(store.total));
  if (name === 'nodes' && store.nodes.length > 0) return h('span.n.num', null, num(store.nodes.length));
  return null;
}

const roomLink = (name, at, withBadge) =>
  h(
    'a',
    { key: name, href: `#${name}`, 'aria-current': ui.room === name ? 'page' : null, title: `g then ${at + 1}` },
    icon(name),
    rooms[name].word,
    withBadge ? badge(name) : null,
  );

function pulse() {
  if (store.refused !== null) return ['away', 'Refused'];
  if (store.calls.kind === 'connecting') return ['behind', 'Connecting'];
  if (store.calls.kind === 'away' || store.feed.kind === 'away') return ['away', `Reconnecting, try ${store.calls.tries ?? store.feed.tries}`];
  if (store.behind > 0) return ['behind', `Behind by ${num(store.behind)}`];
  return ['live', `Live, ${num(store.stepRate())} steps/s`];
}

function drawRail() {
  const groups = new Map();
  for (const name of railRooms()) groups.set(rooms[name].group, [...(groups.get(rooms[name].group) ?? []), name]);
  let at = 0;
  const [kind, word] = pulse();
  render(
    $('#rail'),
    h('div.brand', null, mark(), 'Flockwork'),
    [...groups].map(([group, names]) => [h('h2', { key: `h-${group}` }, group), names.map((name) => roomLink(name, at++, true))]),
    h(
      'div.foot',
      { key: 'foot' },
      h('div.live', { 'data-k': kind }, h('i'), word),
      h('span.num.clip', null, store.node === '' ? '—' : `${store.tenant} · ${store.node}`),
    ),
  );
  render(
    $('#tabs'),
    shownRooms()
      .filter((name) => tabRooms.includes(name) || name === 'more' || name === ui.room)
      .slice(0, 6)
      .map((name, index) => roomLink(name, index, false)),
  );
}

function drawTop() {
  const [first, second] = store.refused === null ? rooms[ui.room].sentence(app) : ['This node asks for a token.', 'It is kept in this tab and nowhere else.'];
  const dark = document.documentElement.dataset.theme === 'dark';
  render(
    $('#top'),
    h('h1.sr', null, rooms[ui.room].word),
    h('p.answer', null, h('b', null, first), ' ', h('span.t2', null, second)),
    h('button.btn.bare.hidem', { 'aria-label': 'Keys', on: { click: () => app.dialog('keys') } }, h('kbd', null, '?')),
    h('button.btn.bare', { 'aria-label': 'Switch between light and dark', on: { click: switchTheme } }, dark ? 'Light' : 'Dark'),
    store.refused === null
      ? h('button.btn.pri', { disabled: !store.live, on: { click: () => app.dialog('submit') } }, app.narrow() ? 'Submit' : 'Submit goal')
      : null,
  );
  document.title = `${first.replace(/\.$/, '')} · Flockwork`;
}

function notice() {
  const away = store.calls.kind === 'away' ? store.calls : store.feed.kind === 'away' ? store.feed : null;
  if (away !== null) {
    const since = ui.awaySince ?? Date.now();
    ui.awaySince = since;
    return h(
      'div.notice',
      { key: 'notice', role: 'status', 'data-st': 'failed' },
      glyph('failed'),
      h(
        'span.grow',
        null,
        h('b', null, 'Not connected. '),
        `What you see is from ${duration(Date.now() - since)} ago; next try in ${duration(Math.max(0, away.nextAt - Date.now()))}, from the same cursor.`,
      ),
      h('button.btn.sm', { on: { click: () => store.again() } }, 'Try now'),
    );
  }
  ui.awaySince = undefined;
  if (store.behind > 1_000)
    return h(
      'div.notice',
      { key: 'notice', role: 'status', 'data-st': 'acting' },
      glyph('acting'),
      h(
        'span.grow',
        null,
        h('b', null, 'Behind. '),
        `${num(store.behind)} actors changed that are not told yet. Counts are exact; rows catch up, those in view first.`,
      ),
    );
  if (store.failure !== null)
    return h(
      'div.notice',
      { key: 'notice', role: 'status', 'data-st': 'failed' },
      glyph('failed'),
      h('span.grow', null, h('b.mono', null, store.failure.code), ' ', store.failure.message),
    );
  return null;
}

function tokenForm() {
  const enter = (event) => {
    event.preventDefault();
    const token = ui.token.trim();
    if (token === '') return;
    ui.token = '';
    event.target.reset();
    store.enter(token);
  };
  const tried = !/no token/i.test(store.refused.message);
  return h(
    'form.void.token',
    { key: 'token', on: { submit: enter } },
    mark(1.1),
    h('h2', null, tried ? h('span.st', { 'data-st': 'failed' }, glyph('failed'), h('span.mono', null, store.refused.code)) : 'Enter a token'),
    h('p', { role: 'alert' }, tried ? store.refused.message : 'A token of this node opens the page. It stays in this tab, and is never part of an address.'),
    h('label.sr', { for: 'token' }, 'Token'),
    h('input.in', {
      id: 'token',
      type: 'password',
      autocomplete: 'off',
      spellcheck: 'false',
      required: true,
      value: ui.token,
      on: {
        input: ({ target }) => {
          ui.token = target.value;
        },
      },
      hook: focusOnce,
    }),
    h('button.btn.pri', { type: 'submit' }, 'Open'),
  );
}

function drawNow() {
  drawRail();
  drawTop();
  render($('#main'), store.refused === null ? [notice(), rooms[ui.room].room(app)] : tokenForm());
  const dialogs = { submit: submitDialog, resume: resumeDialog, keys: keysDialog };
  render($('#dialogs'), ui.dialog === null ? null : dialogs[ui.dialog](app));
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

function switchTheme() {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  localStorage.setItem(themeKey, theme);
  setTheme(theme);
  draw();
}

function move(by) {
  const items = [...document.querySelectorAll('#main [data-nav]')];
  const focused = items.indexOf(document.activeElement);
  const at =
    focused >= 0
      ? focused + by
      : Math.max(
          0,
          items.findIndex((item) => item.getAttribute('aria-selected') === 'true'),
        );
  items[Math.min(items.length - 1, Math.max(0, at))]?.focus();
}

let chord = 0;
const single = {
  g: () => {
    chord = Date.now();
  },
  j: () => move(1),
  k: () => move(-1),
  n: () => store.live && app.dialog('submit'),
  t: switchTheme,
  '?': () => app.dialog('keys'),
  '/': () => document.querySelector('#main [data-search]')?.focus(),
  a: () => store.approvals.length === 1 && ui.room === 'goals' && decide(app, store.approvals[0], 'approve'),
  d: () => store.approvals.length === 1 && ui.room === 'goals' && decide(app, store.approvals[0], 'deny'),
  ArrowLeft: (event) => travel.travelBy(app, event.shiftKey ? -10 : -1),
  ArrowRight: (event) => travel.travelBy(app, event.shiftKey ? 10 : 1),
  ' ': () => ui.room === 'tape' && [...document.querySelectorAll('#main .bar .btn')].at(-1)?.click(),
  Escape: () =>
    ui.confirm !== null
      ? app.set({ confirm: null })
      : (ui.goal !== null || ui.actor !== null) && (ui.room === 'goals' || ui.room === 'actors') && app.go(ui.room),
};

document.addEventListener('keydown', (event) => {
  const inField = event.target.closest('input, textarea, select') !== null;
  if (inField && event.key === 'Escape' && ui.dialog === null) event.target.blur();
  if (inField || ui.dialog !== null || event.ctrlKey || event.metaKey || event.altKey || store.refused !== null) return;
  // A focused button takes the space bar for itself.
  if (event.key === ' ' && event.target.closest('button, a') !== null) return;
  const room = Date.now() - chord < chordMs ? railRooms()[Number(event.key) - 1] : undefined;
  if (room !== undefined) return app.go(room);
  const action = single[event.key];
  if (action === undefined || (event.key.startsWith('Arrow') && ui.room !== 'travel')) return;
  event.preventDefault();
  action(event);
});

const system = matchMedia('(prefers-color-scheme: dark)');
setTheme(localStorage.getItem(themeKey) ?? (system.matches ? 'dark' : 'light'));
system.addEventListener('change', ({ matches }) => {
  if (localStorage.getItem(themeKey) === null) setTheme(matches ? 'dark' : 'light');
  draw();
});
addEventListener('hashchange', readAddress);
addEventListener('resize', draw);
// What says how long something takes goes on while nothing arrives.
setInterval(() => document.visibilityState === 'visible' && draw(), tickMs);
store.start();
readAddress();
