import { focusOnce, h } from '../dom.js';
import { bytes, clock, count, duration, money, num, shorten, shortId, when } from '../figures.js';
import { glyph, roleOfStatus } from '../glyphs.js';
import { newFold } from '../goal-fold.js';
import { prose } from '../prose.js';
import { gantt } from './gantt.js';
import { failed, loading, stateMark } from './parts.js';

const textCharsMax = 400;

/** What one goal has used: the larger of what its ended attempts told and what its facts add up to so far. */
function used(view, fold) {
  const { usage } = view;
  const ended = view.endedAt !== undefined;
  return {
    tokens: ended ? usage.tokens : Math.max(usage.tokens, fold.tokens),
    toolCalls: ended ? usage.toolCalls : Math.max(usage.toolCalls, fold.toolCalls),
    costUsd: usage.costUsd === null || (!ended && fold.costUnknown) ? null : ended ? usage.costUsd : Math.max(usage.costUsd, fold.costMicroUsd / 1_000_000),
    seconds: ended ? usage.seconds : fold.startedAt === null ? 0 : (Date.now() - fold.startedAt) / 1_000,
    estimated: usage.estimated,
  };
}

function meter(label, value, of, share, { note = '', st } = {}) {
  return h(
    'dl.meter',
    { key: label, ...(st === undefined ? {} : { 'data-st': st }) },
    h('dt', null, label, h('span', null, note)),
    h('dd', null, value, ' ', h('small', null, of)),
    h('div.mb', { v: { v: `${Math.min(100, Math.max(0, share * 100)).toFixed(1)}%` } }, h('i')),
  );
}

function meters(view, fold) {
  const { tokens, toolCalls, costUsd, seconds, estimated } = used(view, fold);
  const quota = fold.quota ?? {};
  const { tasks } = view;
  const near = (name) => (fold.warned.has(name) ? { st: 'overQuota' } : {});
  const of = (limit, shown) => (limit === undefined ? '' : `of ${shown(limit)}`);
  return h(
    'div.meters',
    null,
    meter(
      'Tasks',
      num(tasks.completed),
      `of ${num(Math.max(tasks.total, view.endedAt === undefined ? fold.expected : 0))}`,
      tasks.completed / Math.max(1, tasks.total, view.endedAt === undefined ? fold.expected : 0),
      { note: tasks.failed > 0 ? `${num(tasks.failed)} failed` : tasks.running > 0 ? `${num(tasks.running)} open` : '', st: 'done' },
    ),
    meter('Cost', money(costUsd), of(quota.maxCostUsd, money), costUsd === null || !quota.maxCostUsd ? 0 : costUsd / quota.maxCostUsd, {
      note: costUsd === null ? 'no price' : estimated ? 'estimated' : '',
      ...near('maxCostUsd'),
    }),
    meter('Tokens', num(tokens), of(quota.maxTokens, num), tokens / (quota.maxTokens ?? Infinity), {
      note: estimated ? 'estimated' : '',
      ...near('maxTokens'),
    }),
    meter('Tool calls', num(toolCalls), of(quota.maxToolCalls, num), toolCalls / (quota.maxToolCalls || Infinity), near('maxToolCalls')),
    meter(
      'Time',
      duration(seconds * 1_000),
      of(quota.maxSeconds, (value) => duration(value * 1_000)),
      seconds / (quota.maxSeconds ?? Infinity),
      near('maxSeconds'),
    ),
  );
}

/** Sends an action once, and says what became of it: stored, then its fact. */
export function act(app, id, work, outcome) {
  app.ui.acts.set(id, { kind: 'sent' });
  app.draw();
  work.then(
    () => {
      app.ui.acts.set(id, { kind: 'stored' });
      app.say(outcome);
      app.store.refresh();
      app.draw();
    },
    (failure) => {
      app.ui.acts.set(id, { kind: 'failed', failure });
      app.say(`${failure.code}: ${failure.message}`);
      app.draw();
    },
  );
}

export function decide(app, approval, decision) {
  if (!app.store.live) return;
  act(app, approval.id, app.store.call('approval.decide', { id: approval.id, decision }), `${decision} stored`);
}

function question(app, approval, single) {
  const sent = app.ui.acts.get(approval.id);
  const input = typeof approval.input === 'string' ? approval.input : JSON.stringify(approval.input);
  const busy = !app.store.live || (sent !== undefined && sent.kind !== 'failed');
  const said =
    sent === undefined
      ? `asked ${duration(Date.now() - approval.askedAt)} ago; nothing runs until you decide`
      : sent.kind === 'failed'
        ? `${sent.failure.code}: ${sent.failure.message}`
        : sent.kind === 'stored'
          ? 'stored; waits for its fact'
          : 'sending…';
  return h(
    'div.ask',
    { key: approval.id, 'data-st': 'waiting' },
    glyph('waiting'),
    h(
      'p',
      null,
      h('b', null, `${approval.task} asks to run `),
      h('code.mono', null, `${approval.tool} ${shorten(input, textCharsMax)}`),
      h('span.t2', null, said),
    ),
    h('button.btn', { disabled: busy, on: { click: () => decide(app, approval, 'deny') } }, 'Deny', single ? h('kbd', null, 'd') : null),
    h('button.btn.pri', { disabled: busy, on: { click: () => decide(app, approval, 'approve') } }, 'Approve', single ? h('kbd', null, 'a') : null),
  );
}

function actions(app, view) {
  const { ui, store } = app;
  const sent = ui.acts.get(`cancel-${view.id}`);
  const again = h('button.btn', { key: 'again', disabled: !store.live, on: { click: () => app.dialog('submit', { goal: view.goal }) } }, 'Run again');
  if (view.endedAt !== undefined) return h('div.row.acts', null, again);
  if (sent !== undefined && sent.kind !== 'failed')
    return h('div.row.acts', null, h('span.t2', { key: 'sent' }, sent.kind === 'stored' ? 'cancel stored' : 'sending…'));
  if (ui.confirm === view.id) {
    const lost = count(view.tasks.running, 'open task is', 'open tasks are');
    return h(
      'div.row.acts.sure',
      { key: 'sure' },
      h('span', null, view.tasks.running > 0 ? `${lost} lost.` : 'The goal ends here.'),
      h(
        'button.btn.danger',
        {
          hook: focusOnce,
          disabled: !store.live,
          on: {
            click: () => {
              app.set({ confirm: null });
              act(app, `cancel-${view.id}`, store.call('goal.cancel', { goalId: view.id, reason: 'cancelled in the inspector' }), 'goal.cancel stored');
            },
          },
        },
        'Cancel it',
      ),
      h('button.btn', { on: { click: () => app.set({ confirm: null }) } }, 'Keep'),
    );
  }
  return h(
    'div.row.acts',
    { key: 'acts' },
    view.status === 'paused'
      ? h('button.btn.pri', { key: 'resume', disabled: !store.live, on: { click: () => app.dialog('resume', { id: view.id }) } }, 'Raise budget')
      : null,
    h('button.btn.danger', { key: 'cancel', disabled: !store.live, on: { click: () => app.set({ confirm: view.id }) } }, 'Cancel goal'),
  );
}

function result(app, view) {
  const files = app.store.artifacts.get(view.id) ?? [];
  const partial = view.result === undefined;
  const changed = { added: '+', modified: '~', deleted: '−' };
  if (partial && files.length === 0) {
    return view.error === undefined || view.status === 'paused'
      ? null
      : h('div.sec', { key: 'error' }, h('h3.hd', null, 'Why it ended'), h('p.prose', null, h('b.mono', null, view.error.code), ' ', view.error.message));
  }
  return h(
    'div.sec',
    { key: 'result' },
    h(
      'h3.hd',
      null,
      'Result',
      h('span.t3', null, partial ? view.status : `${num(view.result.length)} characters${view.error === undefined ? '' : ', partial'}`),
    ),
    h(
      `div.result${files.length === 0 ? '.whole' : ''}`,
      null,
      h('div.prose', null, partial ? h('p.t3', null, view.error?.message ?? '—') : prose(view.result)),
      files.length === 0
        ? null
        : h(
            'div',
            null,
            h('div.t3.xs', null, `${count(files.length, 'file')} changed; npx flockwork artifacts ${view.id} --apply`),
            files
              .slice(0, 60)
              .map((file) =>
                h(
                  'div.src',
                  { key: `${file.path}-${file.task}` },
                  h('span.mono.t3', { title: file.change }, changed[file.change]),
                  h('span.mono.clip', { title: file.path }, file.path),
                  h('span.num.t3', null, bytes(file.size)),
                ),
              ),
          ),
    ),
  );
}

export function goalPane(app, id) {
  const { store } = app;
  const view = store.views.get(id) ?? store.goals.find((goal) => goal.id === id);
  if (view === undefined) return loading();
  if (view.failure !== undefined) return failed(view.failure);
  const fold = store.folds.get(id) ?? newFold();
  const asks = store.approvals.filter(({ goalId }) => goalId === id);
  const { accepted } = fold;
  const [title, ...rest] = view.goal.split('\n');
  return h(
    'div.pane',
    null,
    h('button.btn.bare.back', { key: 'back', on: { click: () => app.go('goals') } }, '‹ Goals'),
    h(
      'div.ghead',
      { key: 'head' },
      h(
        'div',
        null,
        h(
          'div.facts',
          null,
          stateMark(roleOfStatus(view.status), view.status),
          h('span.mono', { title: view.id }, shortId(view.id)),
          h('span', null, view.strategy.type),
          accepted === null ? null : h('span', null, count(accepted.agents, 'agent')),
          accepted === null ? null : h('span.mono', { title: accepted.modelWhy }, accepted.model),
          h(
            'span.t3.num',
            { title: view.createdAt },
            view.endedAt === undefined ? `since ${clock(Date.parse(view.createdAt))}` : `${when(view.createdAt)} to ${when(view.endedAt)}`,
          ),
          h('a.link', { key: 'messages', href: `#messages/${view.id}` }, 'Messages'),
          h('a.link', { key: 'travel', href: `#travel/${view.id}` }, 'Time travel'),
        ),
        h('h2', { title: shorten(view.goal, 2_000) }, shorten(title, 240)),
        rest.join('').trim() === '' ? null : h('p.more.t2', null, shorten(rest.join('\n').trim(), textCharsMax)),
      ),
      actions(app, view),
    ),
    view.status === 'paused'
      ? h(
          'div.ask',
          { key: 'paused', 'data-st': 'waiting' },
          glyph('paused'),
          h(
            'p',
            null,
            h('b', null, 'Paused at its quota. '),
            h('span.t2', null, view.error?.message ?? 'Resume it with a larger one; nothing that was done is lost.'),
          ),
        )
      : null,
    asks.slice(0, 5).map((approval) => question(app, approval, store.approvals.length === 1)),
    asks.length > 5 ? h('p.t2', { key: 'asks' }, `and ${asks.length - 5} more questions`) : null,
    meters(view, fold),
    gantt(app, view, fold),
    result(app, view),
  );
}
