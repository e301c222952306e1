import { h } from '../dom.js';
import { shorten, shortId } from '../figures.js';

/** The goal that a room looks at closely: the one that is named, else the one that was open, else the newest. */
export const chosenGoal = ({ store, ui }, named) => named ?? ui.goal ?? store.goals[0]?.id ?? null;

/** Which goal, for rooms about one of them. */
export function goalChoice(app, room, id) {
  const { store } = app;
  const known = store.goals.some((goal) => goal.id === id);
  return h(
    'select.in.pick',
    { key: 'pick', 'aria-label': 'Goal', value: id, on: { change: ({ target }) => app.go(room, target.value) } },
    known ? null : h('option', { key: id, value: id, selected: true }, shortId(id)),
    store.goals.map((goal) =>
      h('option', { key: goal.id, value: goal.id, selected: goal.id === id }, `${shortId(goal.id)}  ${shorten(goal.goal.split('\n')[0], 48)}`),
    ),
  );
}
