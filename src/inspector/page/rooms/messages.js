import { h, s } from '../dom.js';
import { clock, clockMs, count, duration, num, shorten, shortId } from '../figures.js';
import { isAgent, lifelines, messagesOf } from '../goal-messages.js';
import { chosenGoal, goalChoice } from './goal-choice.js';
import { empty, loading } from './parts.js';

const messagesShownMax = 120;
const agentsShownMax = 12;
const timePx = 72;
const linePxMin = 104;
const linePxNarrow = 84;
const linePxMax = 150;
const rowPx = 38;
const quietMs = 10_000;

export function sentence(app) {
  const id = chosenGoal(app, app.ui.talk);
  const fold = id === null ? undefined : app.store.folds.get(id);
  if (fold === undefined) return ['Who told whom what, in one goal.', ''];
  const messages = messagesOf(fold);
  const refused = messages.filter((message) => message.refused !== undefined).length;
  const last = messages.at(-1);
  return [
    `${shortId(id)}: ${count(messages.length, 'message')}${refused > 0 ? `, ${num(refused)} ended badly` : ''}.`,
    last === undefined ? '' : `The last one, ${last.word}, ${last.from} to ${last.to}, at ${clock(last.at)}.`,
  ];
}

function filtered(app, messages) {
  const { talkKind, talkAgent } = app.ui;
  return messages.filter(
    (message) =>
      (talkKind === 'all' || (talkKind === 'refused' ? message.refused !== undefined : isAgent(message.from) && isAgent(message.to))) &&
      (talkAgent === '' || message.from === talkAgent || message.to === talkAgent),
  );
}

function arrow(message, from, to, y, { selected, select, linePx }) {
  const x = (line) => timePx + linePx * (line + 0.5);
  const bad = message.refused !== undefined;
  const own = from === to;
  const direction = from <= to ? 1 : -1;
  const begin = x(from) + 4 * direction;
  const end = own ? begin : x(to) - 5 * direction;
  const line = own ? `M${begin} ${y - 6}h34v12h-30` : `M${begin} ${y}H${end - direction * (bad ? 10 : 6)}`;
  const head = own ? `M${begin + 4} ${y + 6}l8-4.2v8.4z` : `M${end} ${y}l${-8 * direction}-4.2v8.4z`;
  const chars = own ? 30 : Math.max(16, Math.floor((Math.abs(to - from) * linePx - 24) / 6.7));
  return s(
    'g',
    {
      key: message.key,
      class: `m${bad ? ' bad' : ''}${message.waits ? ' live' : ''}${selected ? ' sel' : ''}`,
      tabindex: '0',
      role: 'button',
      'data-nav': true,
      'aria-label': `${message.from} to ${message.to}: ${message.word}${bad ? `, ${message.refused}` : ''}`,
      on: { click: select, keydown: ({ key }) => key === 'Enter' && select() },
    },
    s('rect', { class: 'hit', x: 2, y: y - 19, width: timePx + linePx * (agentsShownMax + 4) - 4, height: rowPx - 4 }),
    s('text', { x: 10, y: y + 4, class: 'when' }, clock(message.at).slice(3)),
    s('path', { class: 'a', d: line }),
    bad && !own ? s('path', { class: 'a', d: `M${end - direction * 10 - 5} ${y - 5}l10 10m0-10l-10 10` }) : s('path', { class: 't', d: head }),
    own
      ? s('text', { x: begin + 44, y: y + 4 }, shorten(message.word, chars))
      : s('text', { x: x(Math.min(from, to)) + 12, y: y - 6 }, shorten(message.word, chars)),
  );
}

function diagram(app, messages, chosen) {
  const { lines, lineOf } = lifelines(messages, agentsShownMax);
  const widthPx = (document.querySelector('.msgs .list .scroll')?.clientWidth ?? 1_100) - timePx - 12;
  const linePx = Math.max(app.narrow() ? linePxNarrow : linePxMin, Math.min(linePxMax, Math.floor(widthPx / lines.length)));
  const width = timePx + linePx * lines.length;
  let y = 34;
  let before;
  const rows = messages.map((message) => {
    const quiet = before !== undefined && message.at - before > quietMs ? message.at - before : 0;
    before = message.at;
    const gapAt = y;
    if (quiet > 0) y += 26;
    const at = y;
    y += rowPx;
    return [
      quiet > 0 ? s('text', { key: `q${message.key}`, class: 'quiet', x: timePx + 8, y: gapAt - 6 }, `${duration(quiet)} without a message`) : null,
      message.key === chosen?.key ? s('rect', { key: 'selrow', class: 'selrow', x: 2, y: at - 21, width: width - 4, height: rowPx - 2, rx: 6 }) : null,
      arrow(message, lineOf(message.from), lineOf(message.to), at, {
        selected: message.key === chosen?.key,
        select: () => app.set({ message: message.key }),
        linePx,
      }),
    ];
  });
  const height = y + 6;
  return [
    h(
      'div.lifes',
      { key: 'lifes', v: { n: lines.length, first: `${timePx}px`, each: `${linePx}px` } },
      h('div.t3.xs', null, 'min:s'),
      lines.map((line) => h('div.clip.mono', { key: line, title: line }, line)),
    ),
    s(
      'svg',
      { key: 'seq', class: 'seq', viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': 'Sequence of messages, the oldest first' },
      lines.map((line, at) =>
        s('line', { key: `l${line}`, class: 'll', x1: timePx + linePx * (at + 0.5), x2: timePx + linePx * (at + 0.5), y1: 0, y2: height }),
      ),
      rows,
    ),
  ];
}

function one(app, id, message) {
  if (message === undefined) return h('div.pane', null, h('p.t3', null, 'No message of this kind.'));
  const fate = message.refused === undefined ? (message.waits ? 'asked; somebody decides' : 'taken, and journaled') : `refused or failed: ${message.refused}`;
  const open = isAgent(message.from) ? message.from : isAgent(message.to) ? message.to : null;
  return h(
    'div.pane',
    null,
    h('h2.mono.b', null, message.word),
    h(
      'dl.kv',
      null,
      [
        ['from', message.from],
        ['to', message.to],
        ['at', `${clock(message.at)}${clockMs(message.at)}`],
        ['by', message.by],
        ['fate', fate],
        ['fact', `${message.fact}, ${num(message.seq)} of ${message.actor}`],
      ].map(([name, value]) => [h('dt', { key: `t${name}` }, name), h('dd', { key: `d${name}` }, value)]),
    ),
    message.text ? h('p.said.prose', null, message.text) : null,
    open === null ? null : h('button.btn.sm.left', { on: { click: () => app.go('actors', `${id}/${open}`) } }, open),
  );
}

export function room(app) {
  const { store, ui } = app;
  if (!store.loaded) return loading();
  const id = chosenGoal(app, ui.talk);
  if (id === null) return empty('No message yet', 'What the actors of a goal tell each other is drawn here from its facts.');
  store.open(id);
  const fold = store.folds.get(id);
  if (fold === undefined || fold.events.length === 0) return loading();
  const all = messagesOf(fold);
  const agents = [...new Set(all.flatMap(({ from, to }) => [from, to]))].filter(isAgent);
  const wanted = filtered(app, all);
  const skip = Math.max(0, wanted.length - messagesShownMax - (ui.talkBack ?? 0));
  const shown = wanted.slice(skip, skip + messagesShownMax);
  const chosen = shown.find(({ key }) => key === ui.message) ?? shown.at(-1);
  const refused = all.filter((message) => message.refused !== undefined).length;
  const between = all.filter(({ from, to }) => isAgent(from) && isAgent(to)).length;
  const chip = (kind, word, many) =>
    h(
      'button.chip',
      { key: kind, 'aria-pressed': String(ui.talkKind === kind), disabled: many === 0, on: { click: () => app.set({ talkKind: kind, talkBack: 0 }) } },
      word,
      many === undefined ? null : h('b.num', null, num(many)),
    );
  return h(
    'div.split.msgs',
    { key: 'messages' },
    h(
      'section.list.open',
      { key: 'list', 'aria-label': 'Messages' },
      h(
        'div.bar',
        { key: 'bar' },
        goalChoice(app, 'messages', id),
        h(
          'select.in',
          { 'aria-label': 'Agent', value: ui.talkAgent, on: { change: ({ target }) => app.set({ talkAgent: target.value, talkBack: 0 }) } },
          h('option', { value: '' }, 'every agent'),
          agents.slice(0, 400).map((name) => h('option', { key: name, value: name, selected: name === ui.talkAgent }, name)),
        ),
        chip('all', 'every kind'),
        chip('between', 'between agents', between),
        chip('refused', 'ended badly', refused),
        h('span.grow'),
        skip > 0
          ? h('button.btn.sm', { key: 'earlier', on: { click: () => app.set({ talkBack: (ui.talkBack ?? 0) + messagesShownMax }) } }, `${num(skip)} earlier`)
          : null,
        (ui.talkBack ?? 0) > 0
          ? h('button.btn.sm', { key: 'later', on: { click: () => app.set({ talkBack: Math.max(0, ui.talkBack - messagesShownMax) }) } }, 'Later')
          : null,
      ),
      h(
        'div.scroll',
        { key: 'scroll', tabindex: '0', 'aria-label': 'Messages, scrollable' },
        shown.length === 0 ? h('p.none', null, 'No message of this kind.') : diagram(app, shown, chosen),
      ),
    ),
    h('section.det.scroll', { key: 'one', 'aria-label': 'One message' }, one(app, id, chosen)),
  );
}
