import { focusOnce, h } from './dom.js';
import { count, money, num } from './figures.js';

const strategies = ['auto', 'single', 'map-reduce', 'pipeline', 'consensus'];
const about = {
  auto: 'Flockwork chooses by the goal and its inputs, and says why.',
  single: 'One agent answers.',
  'map-reduce': 'Many agents work on parts at once; their results are merged as a tree.',
  pipeline: 'Each item goes through stages, one a line: name, a colon, what to do.',
  consensus: 'Agents propose, then vote in rounds until a quorum holds.',
};

/** A dialog that is open as long as it is described. */
function modal(app, key, label, ...kids) {
  return h(
    'dialog',
    {
      key,
      'aria-label': label,
      on: { close: () => app.dialog(null), click: ({ target }) => target.tagName === 'DIALOG' && app.dialog(null) },
      hook: (element) => !element.open && element.showModal(),
    },
    kids,
  );
}

/** The stages of a pipeline as somebody types them. */
function stagesOf(text) {
  return text
    .split('\n')
    .map((line) => /^\s*([^:]{1,64}):\s*(.+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name, prompt]) => ({ name: name.trim(), prompt: prompt.trim() }));
}

function submission(form) {
  const { goal, strategy = 'auto', agents, items = '', stages = '', maxCostUsd, maxSeconds } = form;
  const list = items
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const quota = {
    ...(maxCostUsd === undefined || maxCostUsd === '' ? {} : { maxCostUsd: Number(maxCostUsd) }),
    ...(maxSeconds === undefined || maxSeconds === '' ? {} : { maxSeconds: Number(maxSeconds) * 60 }),
  };
  return {
    goal,
    strategy: strategy === 'pipeline' ? { type: 'pipeline', stages: stagesOf(stages) } : strategy,
    ...(agents === undefined || agents === '' ? {} : { agents: Number(agents) }),
    ...(list.length === 0 ? {} : { inputs: [{ kind: 'items', items: list }] }),
    ...(Object.keys(quota).length === 0 ? {} : { quota }),
  };
}

export function submitDialog(app) {
  const { form } = app.ui;
  const put =
    (name) =>
    ({ target }) =>
      app.set({ form: { ...app.ui.form, [name]: target.value } });
  const strategy = form.strategy ?? 'auto';
  const send = async (event) => {
    event.preventDefault();
    // One key for one press: sent twice, it is still one goal.
    const key = form.key ?? crypto.randomUUID();
    app.set({ form: { ...form, key, sending: true, failure: null } });
    try {
      const { id } = await app.store.call('goal.submit', { ...submission(form), idempotencyKey: key });
      app.set({ form: {} });
      app.dialog(null);
      app.say(`goal.accepted ${id}`);
      app.store.refresh();
      app.go('goals', id);
    } catch (failure) {
      app.set({ form: { ...app.ui.form, sending: false, failure, key: failure.code === 'connection_lost' ? key : undefined } });
    }
  };
  const items = (form.items ?? '').split('\n').filter((line) => line.trim() !== '').length;
  return modal(
    app,
    'submit',
    'Submit a goal',
    h(
      'form',
      { on: { submit: (event) => void send(event) } },
      h('h2', null, 'Submit a goal'),
      h(
        'label.f',
        null,
        'What should come out',
        h('textarea', {
          name: 'goal',
          required: true,
          rows: '4',
          value: form.goal ?? '',
          placeholder: 'Find every TODO and say which one matters',
          on: { input: put('goal') },
          hook: focusOnce,
        }),
      ),
      h(
        'fieldset.f',
        null,
        h('legend', null, 'Strategy'),
        h(
          'div.segc',
          null,
          strategies.map((name) =>
            h(
              'label',
              { key: name },
              h('input', { type: 'radio', name: 'strategy', value: name, checked: name === strategy, on: { change: put('strategy') } }),
              h('span', null, name),
            ),
          ),
        ),
        h('span.t3', null, about[strategy]),
      ),
      strategy === 'pipeline'
        ? h(
            'label.f',
            { key: 'stages' },
            'Stages',
            h('textarea', {
              name: 'stages',
              required: true,
              rows: '3',
              value: form.stages ?? '',
              placeholder: 'read: Say what the item is about\nrate: Rate it from 1 to 5',
              on: { input: put('stages') },
            }),
          )
        : null,
      strategy === 'single' || strategy === 'consensus'
        ? null
        : h(
            'label.f',
            { key: 'items' },
            h('span', null, 'Items, one a line ', h('span.t3', null, items === 0 ? '(optional)' : count(items, 'item'))),
            h('textarea.low', { name: 'items', rows: '2', value: form.items ?? '', on: { input: put('items') } }),
          ),
      h(
        'div.three',
        null,
        h(
          'label.f',
          null,
          strategy === 'consensus' ? 'Proposers' : 'Agents at once',
          h('input.in', { name: 'agents', type: 'number', min: '1', max: '64', value: form.agents ?? '', placeholder: '3', on: { input: put('agents') } }),
        ),
        h(
          'label.f',
          null,
          'At most, dollars',
          h('input.in', {
            name: 'maxCostUsd',
            type: 'number',
            min: '0',
            step: '0.01',
            value: form.maxCostUsd ?? '',
            placeholder: 'as configured',
            on: { input: put('maxCostUsd') },
          }),
        ),
        h(
          'label.f',
          null,
          'At most, minutes',
          h('input.in', {
            name: 'maxSeconds',
            type: 'number',
            min: '0.1',
            step: '0.1',
            value: form.maxSeconds ?? '',
            placeholder: 'as configured',
            on: { input: put('maxSeconds') },
          }),
        ),
      ),
      form.failure ? h('p.bad', { key: 'bad', role: 'alert' }, h('b.mono', null, form.failure.code), ' ', form.failure.message) : null,
      h(
        'div.row.ends',
        null,
        h('button.btn', { type: 'button', on: { click: () => app.dialog(null) } }, 'Close'),
        h('button.btn.pri', { type: 'submit', disabled: form.sending === true || !app.store.live }, form.sending === true ? 'Sending…' : 'Submit goal'),
      ),
    ),
  );
}

export function resumeDialog(app) {
  const { id } = app.ui.dialogOf;
  const { form } = app.ui;
  const fold = app.store.folds.get(id);
  const quota = fold?.quota ?? {};
  const words = { maxCostUsd: ['Cost, dollars', money], maxTokens: ['Tokens', num], maxToolCalls: ['Tool calls', num], maxSeconds: ['Time, seconds', num] };
  const send = async (event) => {
    event.preventDefault();
    const larger = Object.fromEntries(
      Object.keys(words)
        .filter((name) => form[name] !== undefined && form[name] !== '')
        .map((name) => [name, Number(form[name])]),
    );
    app.set({ form: { ...form, sending: true, failure: null } });
    try {
      await app.store.call('goal.resume', { goalId: id, ...(Object.keys(larger).length === 0 ? {} : { quota: larger }) });
      app.set({ form: {} });
      app.dialog(null);
      app.say('goal.resume stored');
      app.store.refresh();
    } catch (failure) {
      app.set({ form: { ...app.ui.form, sending: false, failure } });
    }
  };
  return modal(
    app,
    'resume',
    'Raise the budget and go on',
    h(
      'form',
      { on: { submit: (event) => void send(event) } },
      h('h2', null, 'Raise the budget and go on'),
      h('p.t2', null, app.store.views.get(id)?.error?.message ?? 'What is left empty stays as it is. What was done is kept.'),
      h(
        'div.two',
        null,
        Object.entries(words).map(([name, [word, shown]]) =>
          h(
            'label.f',
            { key: name },
            h(
              'span',
              null,
              word,
              h('span.t3', null, quota[name] === undefined ? '' : `, now ${shown(quota[name])}`),
              fold?.warned.has(name) ? h('span.st.xs', { 'data-st': 'overQuota' }, ' used up') : null,
            ),
            h('input.in', {
              name,
              type: 'number',
              min: '0',
              step: 'any',
              value: form[name] ?? '',
              placeholder: fold?.warned.has(name) ? String((quota[name] ?? 0) * 2) : '',
              on: { input: ({ target }) => app.set({ form: { ...app.ui.form, [name]: target.value } }) },
            }),
          ),
        ),
      ),
      form.failure ? h('p.bad', { key: 'bad', role: 'alert' }, h('b.mono', null, form.failure.code), ' ', form.failure.message) : null,
      h(
        'div.row.ends',
        null,
        h('button.btn', { type: 'button', on: { click: () => app.dialog(null) } }, 'Close'),
        h('button.btn.pri', { type: 'submit', disabled: form.sending === true || !app.store.live }, 'Resume'),
      ),
    ),
  );
}

export function keysDialog(app) {
  const keys = [
    ['g 1 … 9', 'go to a room'],
    ['j k', 'next, previous in the list'],
    ['Enter', 'open'],
    ['Esc', 'back'],
    ['/', 'filter'],
    ['n', 'submit a goal'],
    ['a d', 'approve, deny, when one question waits'],
    ['space', 'pause the tape'],
    ['← →', 'a record back, on; with Shift ten'],
    ['t', 'light or dark'],
    ['?', 'these keys'],
  ];
  return modal(
    app,
    'keys',
    'Keys',
    h(
      'form',
      { method: 'dialog' },
      h('h2', null, 'Keys'),
      h(
        'div.keys',
        null,
        keys.map(([key, what]) => [h('kbd', { key }, key), h('span', { key: `w${key}` }, what)]),
      ),
      h('div.row.ends', null, h('button.btn', null, 'Close')),
    ),
  );
}
