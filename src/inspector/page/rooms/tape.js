import { h } from '../dom.js';
import { clock, clockMs, duration, money, num, shorten, shortId } from '../figures.js';
import { glyph, roleOfFact } from '../glyphs.js';
import { empty, roleOf } from './parts.js';

const rowsShownMax = 120;
const whatCharsMax = 240;

const line = (value) => shorten(String(typeof value === 'string' ? value : JSON.stringify(value ?? '')).replace(/\s+/g, ' '), whatCharsMax);

const tellers = {
  'goal.accepted': ({ goal }) => line(goal),
  'plan.made': ({ strategy, tasks, why }) => `${strategy}, ${num(tasks)} tasks${why ? `: ${why}` : ''}`,
  'task.created': ({ task, role, name }) => `${task} ${role}: ${name}`,
  'task.started': ({ task, attempt, node, model }) => `${task}, attempt ${attempt} on ${node}, ${model}`,
  'task.completed': ({ task, result, tokens }) => `${task}, ${num(tokens)} tokens: ${line(result)}`,
  'task.failed': ({ task, code, message }) => `${task}: ${code}, ${line(message)}`,
  'task.retried': ({ task, attempt, reason }) => `${task}, attempt ${attempt}: ${reason}`,
  'model.called': ({ call, model, tick }) => `${call}, round ${tick}, ${model}`,
  'model.replied': ({ call, tokens, toolCalls, costMicroUsd, text }) =>
    `${call}, ${num(tokens)} tokens${costMicroUsd ? `, ${money(costMicroUsd / 1e6)}` : ''}, ${toolCalls > 0 ? `asks for ${num(toolCalls)} ${toolCalls === 1 ? 'tool' : 'tools'}` : `answers: ${line(text)}`}`,
  'model.discarded': ({ code, message, tries }) => `${code}, try ${tries}: ${line(message)}`,
  'tool.requested': ({ name, input, asks }) => `${name} ${line(input)}${asks ? ', asks somebody' : ''}`,
  'tool.started': ({ name, call, ref }) => [name, call ?? ref, 'not safe to repeat'].filter(Boolean).join(', '),
  'tool.completed': ({ name, ok, text, code }) => `${name}${ok ? '' : `, ${code ?? 'failed'}`}: ${line(text)}`,
  'tool.approved': ({ name, by, reason }) => `${name} by ${by}${reason ? `: ${reason}` : ''}`,
  'tool.denied': ({ name, by, reason }) => `${name} by ${by}${reason ? `: ${reason}` : ''}`,
  'vote.cast': ({ round, voter, choice, rationale }) => `round ${round}, ${voter} for ${choice}: ${line(rationale)}`,
  'round.decided': ({ choice, votes, of, by }) => `${choice} with ${votes} of ${of}, by ${by}`,
  'leader.elected': ({ leader, term, rationale }) => `${leader} in term ${term}: ${line(rationale)}`,
  'quota.warned': ({ quota, used, limit }) => `${quota}: ${num(used)} of ${num(limit)}`,
  'quota.exceeded': ({ quota, used, limit }) => `${quota}${used === undefined ? '' : `: ${num(used)} of ${num(limit)}`}`,
  'goal.paused': ({ message }) => line(message),
  'goal.completed': ({ result }) => line(result),
  'goal.failed': ({ code, message }) => `${code}: ${line(message)}`,
  'goal.cancelled': ({ reason }) => line(reason),
  'agent.answered': ({ task, attempt, result, usage }) => `${task}, attempt ${attempt}, ${num(usage?.tokens)} tokens: ${line(result ?? 'stored as a blob')}`,
  'agent.failed': ({ code, message }) => `${code}: ${line(message)}`,
  'cell.opened': ({ node, epoch }) => `${node ?? ''}, epoch ${epoch ?? 1}`,
};

/** A fact in one line, in its own words. */
export function told({ type, data }) {
  const teller = tellers[type];
  if (teller !== undefined) return teller(data);
  return line(
    Object.entries(data)
      .slice(0, 5)
      .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
      .join(', '),
  );
}

const nouns = ['', 'goal', 'task', 'model', 'tool', 'agent', 'vote', 'budget', 'timer'];

export function sentence({ store, ui }) {
  if (ui.follow !== null) {
    const fold = store.folds.get(ui.follow);
    return [
      `${shortId(ui.follow)}: ${num((fold?.events.length ?? 0) + (fold?.dropped ?? 0))} facts`,
      fold?.endedAt
        ? `in ${duration(fold.endedAt - (fold.accepted?.at ?? fold.endedAt))}; it has ended, and none is missing.`
        : 'from its journal; none is missing.',
    ];
  }
  const rate = store.stepRate();
  return [
    rate === 0 ? `Nothing moves on ${store.node} now.` : `${num(rate)} steps a second on ${store.node}.`,
    store.tapeLeftOut > 0
      ? `${num(store.tapeLeftOut)} were more than this tape shows; follow a goal to see all of it.`
      : `${num(store.steps)} since it started.`,
  ];
}

function rowsOf(app) {
  const { store, ui } = app;
  if (ui.paused !== null) return ui.paused;
  if (ui.follow !== null) {
    return (store.folds.get(ui.follow)?.events ?? []).map((event) => ({
      key: `${event.actor}-${event.seq}`,
      at: event.at,
      seq: event.seq,
      root: event.goalId,
      actor: event.actor,
      type: event.type,
      role: roleOfFact(event.type),
      what: told(event),
    }));
  }
  return store.tape.map(({ actor, number, seq, at, event, state }) => ({
    key: `${number}-${seq}`,
    at,
    seq,
    root: actor?.root ?? '',
    actor: actor?.actor ?? '',
    type: event,
    role: roleOfFact(event),
    what: state,
    state: actor === undefined ? 'idle' : roleOf(store, actor.machine, state),
  }));
}

export function room(app) {
  const { store, ui } = app;
  store.watchTape(ui.follow === null);
  store.open(ui.follow);
  const all = rowsOf(app);
  const wanted = ui.tapeSearch.toLowerCase();
  const rows = all
    .filter(
      (row) =>
        (ui.noun === '' || row.type.startsWith(`${ui.noun}.`)) &&
        (wanted === '' || `${row.root} ${row.actor} ${row.type} ${row.what}`.toLowerCase().includes(wanted)),
    )
    .slice(-rowsShownMax)
    .reverse();
  const fresh = Date.now() - 900;
  const toggle = () => app.set({ paused: ui.paused === null ? all : null });
  return h(
    'div.split.one',
    { key: 'tape' },
    h(
      'section.list.open',
      null,
      h(
        'div.bar',
        null,
        h(
          'select.in',
          {
            'aria-label': 'Follow a goal',
            value: ui.follow ?? '',
            on: { change: ({ target }) => app.go('tape', target.value === '' ? undefined : target.value) },
          },
          h('option', { value: '' }, 'Every goal, live'),
          store.goals
            .slice(0, 30)
            .map((goal) => h('option', { key: goal.id, value: goal.id, selected: goal.id === ui.follow }, `${shortId(goal.id)}  ${shorten(goal.goal, 40)}`)),
        ),
        nouns.map((noun) =>
          h('button.chip', { key: noun || 'every', 'aria-pressed': String(ui.noun === noun), on: { click: () => app.set({ noun }) } }, noun || 'every word'),
        ),
        h('span.grow'),
        h('input.in.find', {
          'aria-label': 'Filter the tape',
          placeholder: 'Filter',
          value: ui.tapeSearch,
          'data-search': true,
          on: { input: ({ target }) => app.set({ tapeSearch: target.value }) },
        }),
        h(
          'button.btn',
          { 'aria-pressed': String(ui.paused !== null), on: { click: toggle } },
          ui.paused === null ? 'Pause' : 'Go on',
          h('kbd.hidem', null, 'space'),
        ),
      ),
      h(
        'div.tr.h',
        null,
        ['Time', 'Record', 'Goal', 'Actor', ui.follow === null ? 'Input' : 'Fact', ui.follow === null ? 'State after it' : 'What'].map((word) =>
          h('span', null, word === 'Record' && ui.follow !== null ? 'Seq' : word),
        ),
      ),
      rows.length === 0
        ? empty('Nothing on the tape', ui.follow === null ? 'What actors of this node take in appears here as it happens.' : 'No fact fits this filter.')
        : h(
            'div.scroll',
            { role: 'log', 'aria-live': 'off', tabindex: '0', 'aria-label': 'Newest first' },
            rows.map((row) =>
              h(
                `button.tr${row.at > fresh && ui.paused === null ? '.new' : ''}`,
                { key: row.key, 'data-nav': true, on: { click: () => app.go('actors', `${row.root}/${row.actor}`) } },
                h('span.num.t3.mono', { title: new Date(row.at).toISOString() }, clock(row.at), h('span.ms', null, clockMs(row.at))),
                h('span.num.t3', null, num(row.seq)),
                h('span.mono.t2.clip', { title: row.root }, shortId(row.root)),
                h('span.mono.t2.clip', null, row.actor),
                h('span.f.mono', { 'data-st': row.role }, glyph(row.role), row.type),
                row.state === undefined
                  ? h('span.clip.t2', { title: row.what }, row.what)
                  : h('span.st.clip', { 'data-st': row.state }, glyph(row.state), row.what),
              ),
            ),
          ),
    ),
  );
}
