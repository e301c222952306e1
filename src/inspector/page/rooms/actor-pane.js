import { h } from '../dom.js';
import { clock, clockMs, count, duration, num } from '../figures.js';
import { glyph, roleOfFact } from '../glyphs.js';
import { chartFrame, runOn } from './chart.js';
import { empty, roleOf, stateMark } from './parts.js';
import { told } from './tape.js';

const stepsShownMax = 60;
const factsShownMax = 60;
const trailMax = 7;

/** What its facts say of moves, for an actor whose steps nobody saw; the frame holds them apart from real ones. */
function trail(watched, chart) {
  const turns = [];
  for (const step of watched.steps) if (turns.at(-1)?.state !== step.state) turns.push(step);
  return turns.slice(-trailMax).map((step) => ({ ...step, role: chart?.states.find(({ id }) => id === step.state)?.role ?? 'idle' }));
}

const childrenShownMax = 48;

/** The way to another actor of the same goal. */
const link = (app, root, name) => h('button.link.mono', { on: { click: () => app.go('actors', `${root}/${name}`) } }, name);

/** Those that it has at work or had, the newest first. */
function childrenOf(store, root, name) {
  const children = [];
  for (const actor of store.actors.values())
    if (actor.root === root && actor.actor !== name && (actor.parent === name || (actor.parent === '' && name === 'coordinator'))) children.push(actor);
  return children.reverse();
}

const vital = (label, ...value) => h('div', { key: label }, h('dt', null, label), h('dd', null, value));

export function actorPane(app, key) {
  const { store } = app;
  const [root, name] = key.split('/');
  const actor = store.byKey.get(key);
  const fold = store.folds.get(root);
  const facts = (fold?.events ?? []).filter((event) => event.actor === name);
  const watched = store.watched?.key === key ? store.watched : { steps: [], context: null, moves: new Set(), leftOut: 0 };
  const back = h('button.btn.bare.back', { key: 'back', on: { click: () => app.go('actors') } }, '‹ Actors');
  if (actor === undefined && facts.length === 0)
    return h(
      'div.pane',
      null,
      back,
      empty('Not on this node', `${key} has taken no step on ${store.node} since it started. Its facts, if it has any, come from the journal in a moment.`),
    );
  const machine = actor?.machine ?? (name === 'coordinator' ? 'coordinator' : 'agent');
  const chart = store.charts.get(machine);
  const agent = fold?.agents.get(name);
  const now = actor?.state ?? (agent?.endedAt ? ({ done: 'answered', cancelled: 'cancelled' }[agent.role] ?? 'failed') : 'idle');
  const role = roleOf(store, machine, now);
  const turns = trail(watched, chart);
  const lastTurn = turns.at(-1);
  const before = turns.at(-2);
  const lastMove =
    before === undefined
      ? lastTurn?.seq === 1 && chart !== undefined
        ? `${chart.initial}>${lastTurn.event}>${lastTurn.state}`
        : undefined
      : `${before.state}>${lastTurn.event}>${lastTurn.state}`;
  const context = watched.context ?? {};
  const children = childrenOf(store, root, name);
  return h(
    'div.pane.one',
    null,
    back,
    h(
      'div.row.wrap',
      { key: 'head' },
      h('h2.mono', null, h('span.t3', null, `${root} / `), h('b', null, name)),
      h('span.grow'),
      h(
        'div.row.acts2',
        null,
        h('button.btn.bare', { on: { click: () => app.go('goals', root) } }, 'Goal'),
        h('button.btn.bare', { on: { click: () => app.go('tape', root) } }, 'Follow'),
      ),
    ),
    h(
      'dl.vit',
      { key: 'vitals' },
      vital('State', stateMark(role, now)),
      vital('For', actor === undefined ? '—' : duration(Date.now() - actor.since)),
      vital('Inputs', actor === undefined ? '—' : num(actor.seq)),
      vital('Facts', fold === undefined ? '—' : num(facts.length)),
      vital('Mailbox', actor === undefined ? '—' : num(actor.depth)),
      vital('Restarts', actor === undefined ? '—' : num(actor.restarts)),
      vital('Node', actor?.node ?? agent?.node ?? '—'),
      children.length > 0 ? vital('Children', num(children.length)) : actor?.parent ? vital('Parent', link(app, root, actor.parent)) : null,
    ),
    turns.length > 1
      ? h(
          'ol.trail',
          { key: 'trail', 'aria-label': 'The last states' },
          turns.map((turn, at) =>
            h(
              'li',
              { key: `${turn.seq}` },
              at === 0 ? null : h('span.mono.t3', null, turn.event),
              h(
                `span.turn${at === turns.length - 1 ? '.cur0' : ''}`,
                { 'data-st': turn.role, title: `${clock(turn.at)}${clockMs(turn.at)}` },
                glyph(turn.role),
                turn.state,
              ),
            ),
          ),
        )
      : null,
    h(
      'div.agent',
      { key: 'body' },
      h(
        'div',
        { key: 'chart' },
        chart === undefined ? null : chartFrame(key, chart, now, runOn(chart, watched.moves, lastMove)),
        chart === undefined
          ? null
          : h(
              'p.xs.t3',
              null,
              `${machine} ${chart.version}. Dark lines were taken in this run, the coloured one last; inputs that keep the state are not drawn.`,
            ),
      ),
      h(
        'div.beside',
        { key: 'beside' },
        h(
          'section',
          { key: 'inputs' },
          h(
            'h3.hd',
            null,
            'Inputs',
            h(
              'span.t3',
              null,
              watched.steps.length === 0
                ? 'none seen since this node started'
                : watched.leftOut > 0
                  ? `the last ${num(watched.steps.length)}; ${num(watched.leftOut)} left out`
                  : `the last ${num(watched.steps.length)}`,
            ),
          ),
          h(
            'div.recs',
            null,
            watched.steps
              .slice(-stepsShownMax)
              .reverse()
              .map(({ seq, at, event, state }) =>
                h(
                  'div.rec',
                  { key: seq },
                  h('span.n', null, num(seq)),
                  h(
                    'span.row',
                    null,
                    glyph(roleOf(store, machine, state)),
                    h('span.mono.b.clip', null, event),
                    h('span.t3.clip.grow', null, state),
                    h('span.t3.num.xs', null, clock(at), h('span.ms', null, clockMs(at))),
                  ),
                ),
              ),
          ),
        ),
        h(
          'section',
          { key: 'facts' },
          h('h3.hd', null, 'Facts', h('span.t3', null, `${count(facts.length, 'fact')}, from the journal`)),
          h(
            'div.recs',
            null,
            facts
              .slice(-factsShownMax)
              .reverse()
              .map((event) =>
                h(
                  'div.rec',
                  { key: event.seq },
                  h('span.n', null, num(event.seq)),
                  h(
                    'span.row',
                    null,
                    glyph(roleOfFact(event.type)),
                    h('span.mono.b.nowrap', null, event.type),
                    h('span.t2.clip.grow', { title: told(event) }, told(event)),
                  ),
                ),
              ),
          ),
        ),
        children.length === 0
          ? null
          : h(
              'section',
              { key: 'children' },
              h(
                'h3.hd',
                null,
                'Children',
                h('span.t3.num', null, `${count(children.length, 'agent')}${children.length > childrenShownMax ? `, the newest ${childrenShownMax}` : ''}`),
              ),
              h(
                'div.kids',
                null,
                children.slice(0, childrenShownMax).map((child) => {
                  const childRole = roleOf(store, child.machine, child.state);
                  return h(
                    'button.tl',
                    { key: child.number, 'data-nav': true, on: { click: () => app.go('actors', child.key) } },
                    h('span.mono.clip', null, child.actor, child.node === store.node ? null : h('span.t3', null, ` on ${child.node}`)),
                    stateMark(childRole, child.state),
                  );
                }),
              ),
            ),
        h(
          'section',
          { key: 'context' },
          h('h3.hd', null, 'Context', h('span.t3', null, 'by the machine’s allow-list')),
          Object.keys(context).length === 0
            ? h('p.t3.sm', null, '—')
            : h(
                'dl.kv',
                null,
                Object.entries(context).map(([name0, value]) => [
                  h('dt', { key: `t${name0}` }, name0),
                  h('dd', { key: `d${name0}` }, typeof value === 'string' ? value : JSON.stringify(value)),
                ]),
              ),
        ),
      ),
    ),
  );
}
