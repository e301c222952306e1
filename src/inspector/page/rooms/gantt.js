import { h, s } from '../dom.js';
import { count, duration, money, num } from '../figures.js';
import { glyph } from '../glyphs.js';
import { criticalPath, shownState, spanOf } from '../goal-fold.js';

const rowHeightPx = 24;
/** Rows that are drawn; a larger goal shows its critical path and what is under way first. */
const rowsMax = 80;
const foldFrom = 40;
const ticksWanted = 6;
const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400].map((seconds) => seconds * 1_000);

function scaleOf(begin, end) {
  const step = steps.find((ms) => (end - begin) / ms <= ticksWanted) ?? Math.ceil((end - begin) / ticksWanted / 14_400_000) * 14_400_000;
  const whole = Math.max(step, end - begin);
  return {
    step,
    at: (time) => `${((100 * (time - begin)) / whole).toFixed(2)}%`,
    width: (ms) => `${((100 * ms) / whole).toFixed(2)}%`,
    share: (time) => (time - begin) / whole,
    ticks: Array.from({ length: Math.floor(whole / step) + 1 }, (_, index) => index * step),
  };
}

const order = (id) => Number(id.slice(1)) || 0;

function rowsOf(app, fold, path) {
  const tasks = [...fold.tasks.values()].sort((a, b) => order(a.id) - order(b.id));
  const roles = new Map();
  for (const task of tasks) roles.set(task.role, [...(roles.get(task.role) ?? []), task]);
  const large = tasks.length > foldFrom;
  const choice = large ? app.ui.ganttShow : 'all';
  const wanted = (task) => choice === 'all' || path.has(task.id) || (choice === 'open' && (task.state === 'thinking' || task.state === 'failed'));
  const rows = [];
  for (const [role, group] of roles) {
    if (roles.size > 1 || large) rows.push({ kind: 'group', role, group });
    for (const task of group.filter(wanted)) rows.push({ kind: 'task', task, depth: roles.size > 1 ? 1 : 0 });
  }
  return {
    rows: rows.slice(0, rowsMax),
    hidden: tasks.length - rows.filter(({ kind }) => kind === 'task').length,
    cut: Math.max(0, rows.length - rowsMax),
    large,
  };
}

function bars(fold, task, scale, now) {
  return task.agents.flatMap((actor) => {
    const agent = fold.agents.get(actor);
    const parts = [...agent.segments, ...(agent.from === null ? [] : [{ role: agent.role, from: agent.from, to: now }])];
    return parts.map(({ role, from, to }, at) =>
      h(`span.seg${at === 0 ? '.first' : ''}${at === parts.length - 1 ? '.last' : ''}`, {
        key: `${actor}-${at}`,
        'data-st': role === 'done' ? 'thinking' : role,
        v: { l: scale.at(from), w: scale.width(to - from) },
        title: `${actor}: ${role} ${duration(to - from)}`,
      }),
    );
  });
}

/** The chain that decided how long it took, as one line through the bars. */
function pathLine(rows, spans, path, scale, now) {
  const places = new Map(rows.map((row, at) => [row.kind === 'task' ? row.task.id : '', at]));
  let d = '';
  let last;
  for (const id of path) {
    const at = places.get(id);
    const span = spans.get(id);
    if (at === undefined || span === null || span === undefined) continue;
    const x = (time) => (scale.share(time) * 1_000).toFixed(1);
    const y = at * rowHeightPx + 20;
    if (last === undefined) d += `M${x(span.from)} ${y}`;
    else d += `H${x(span.from)}V${y}`;
    d += `H${x(Math.min(span.to, now))}`;
    last = at;
  }
  const height = rows.length * rowHeightPx;
  return h(
    'div.cpw',
    { key: 'path', 'aria-hidden': 'true' },
    s('svg', { class: 'cp', viewBox: `0 0 1000 ${height}`, height, preserveAspectRatio: 'none' }, s('path', { d })),
  );
}

/** Tokens and money of a row; nothing while there is neither. */
function spent(tokens, costMicroUsd) {
  if (tokens === 0) return '';
  return costMicroUsd > 0 ? `${num(tokens)} · ${money(costMicroUsd / 1_000_000)}` : `${num(tokens)} tokens`;
}

/** Tasks and attempts over time, from the goal's facts. */
export function gantt(app, view, fold) {
  if (fold.tasks.size === 0)
    return fold.startedAt === null ? null : h('div.sec', { key: 'gantt' }, h('h3.hd', null, 'Timeline', h('span.t3', null, 'the first task is being made')));
  const begin = fold.accepted?.at ?? fold.startedAt ?? 0;
  const now = fold.endedAt ?? Math.max(fold.now, app.store.live ? Date.now() : fold.now);
  const spans = new Map([...fold.tasks.values()].map((task) => [task.id, spanOf(fold, task, now)]));
  const scale = scaleOf(begin, Math.max(now, begin + 10) * 1);
  const path = criticalPath(fold, now);
  const onPath = new Set(path);
  const { rows, hidden, cut, large } = rowsOf(app, fold, onPath);
  const showPath = path.length > 1;
  const groupRow = ({ role, group }) => {
    const done = group.filter((task) => task.state === 'done').length;
    const cost = group.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0);
    return h(
      'div.gr.grp',
      { key: `g-${role}` },
      h(
        'div.lab',
        null,
        h('span.b', null, role),
        h('span.t2.clip', null, `${count(group.length, 'task')}, ${num(done)} done`),
        h(
          'span.c.num',
          null,
          spent(
            group.reduce((sum, { tokens }) => sum + tokens, 0),
            cost,
          ),
        ),
      ),
      h('div.trk'),
    );
  };
  const taskRow = ({ task, depth }) => {
    const role = shownState(fold, task);
    const span = spans.get(task.id);
    const actor = task.agents.at(-1);
    const name = task.name === task.id ? task.role : task.name;
    const notes = [task.retries > 0 ? `attempt ${task.attempt}` : '', task.state === 'failed' ? (task.error?.code ?? '') : ''].filter(Boolean).join(', ');
    return h(
      `div.gr${onPath.has(task.id) && showPath ? '.crit' : showPath ? '.dim' : ''}`,
      { key: task.id, ...(span === null ? {} : { v: { cl: scale.at(span.from), cw: scale.width(span.to - span.from) } }) },
      h(
        'button.lab',
        {
          v: { d: depth },
          disabled: actor === undefined,
          title: `${task.id} ${name}: open its agent`,
          on: { click: () => app.go('actors', `${view.id}/${actor}`) },
        },
        glyph(role, role),
        h('span.mono', null, task.id),
        h('span.clip.t2', null, name, notes === '' ? '' : ` · ${notes}`),
        h('span.c.num', { title: 'tokens and cost' }, spent(task.tokens, task.costMicroUsd)),
      ),
      h(
        'div.trk',
        null,
        span === null ? null : bars(fold, task, scale, now),
        span === null
          ? null
          : h(
              `span.end${scale.share(span.to) > 0.86 ? '.inside' : ''}`,
              { v: { l: scale.at(span.to) } },
              role === 'waiting' ? `waits ${duration(now - (fold.agents.get(actor)?.from ?? now))}` : duration(span.to - span.from),
            ),
      ),
    );
  };
  const legend = [
    ['thinking', 'model'],
    ['acting', 'tool'],
    ['waiting', 'waits'],
    ['backoff', 'back-off'],
  ].map(([role, word]) => h('span', { key: role, 'data-st': role }, h(`i${role === 'backoff' ? '.h' : ''}`), word));
  const choices = large
    ? ['open', 'path', 'all'].map((name) =>
        h(
          'button.btn.bare.sm',
          { key: name, 'aria-pressed': String(app.ui.ganttShow === name), on: { click: () => app.set({ ganttShow: name }) } },
          { open: 'Open and critical', path: 'Critical path', all: 'All' }[name],
        ),
      )
    : null;
  return h(
    'div.sec',
    { key: 'gantt' },
    h(
      'h3.hd',
      null,
      'Timeline',
      h('span.t3', null, `${count(fold.tasks.size, 'task')}, from the journal`),
      choices,
      h('span.legend', null, legend, showPath ? h('span', null, h('i.k'), 'critical path') : null),
    ),
    h(
      'div.gantt',
      { v: { now: scale.share(now).toFixed(4), tick: scale.width(scale.step) } },
      h(
        'div.gr.axis',
        null,
        h('div'),
        h(
          'div.trk',
          null,
          scale.ticks.slice(0, -1).map((ms) => h('span.num', { key: String(ms), v: { l: scale.width(ms) } }, ms === 0 ? '0' : duration(ms))),
        ),
      ),
      rows.map((row) => (row.kind === 'group' ? groupRow(row) : taskRow(row))),
      showPath ? pathLine(rows, spans, path, scale, now) : null,
      fold.endedAt === null ? h('div.now', { key: 'now' }) : null,
    ),
    hidden > 0 || cut > 0 ? h('p.xs.t3.left', null, `${num(hidden + cut)} more tasks are not drawn.`) : null,
  );
}
