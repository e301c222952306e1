import { s } from './dom.js';

/** One shape for each role, so that colour is never alone. */
const shapes = {
  idle: [['circle', { cx: 6, cy: 6, r: 4, line: 1.5 }]],
  queued: [['circle', { cx: 6, cy: 6, r: 4, line: 1.5, 'stroke-dasharray': '2 1.8' }]],
  thinking: [
    ['circle', { cx: 6, cy: 6, r: 4.6, line: 1.5 }],
    ['path', { d: 'M6 1.6a4.4 4.4 0 0 1 0 8.8z' }],
  ],
  acting: [['rect', { x: 1.6, y: 1.6, width: 8.8, height: 8.8, rx: 1.5 }]],
  waiting: [['path', { d: 'M6 .8 11.2 6 6 11.2.8 6z' }]],
  backoff: [
    ['path', { d: 'M10.2 6A4.2 4.2 0 1 1 8.6 2.7', line: 1.6 }],
    ['path', { d: 'M7.4.4h3.8v3.8z' }],
  ],
  done: [['path', { d: 'M1.8 6.4 4.8 9.4 10.4 3', line: 2 }]],
  failed: [['path', { d: 'M2.2 2.2 9.8 9.8M9.8 2.2 2.2 9.8', line: 2 }]],
  overQuota: [['path', { d: 'M6 1 11.3 10.6H.7z' }]],
  cancelled: [
    ['circle', { cx: 6, cy: 6, r: 4.4, line: 1.5 }],
    ['path', { d: 'M3 9 9 3', line: 1.5 }],
  ],
  paused: [['path', { d: 'M2.6 1.6h2.4v8.8H2.6zM7 1.6h2.4v8.8H7z' }]],
};

export const roles = ['idle', 'thinking', 'acting', 'waiting', 'backoff', 'done', 'failed', 'overQuota', 'cancelled'];

/** The glyph of a role; with a label it speaks, without it stands beside its word. */
export function glyph(role, label, extra = {}) {
  const drawn = (shapes[role] ?? shapes.idle).map(([tag, { line, ...rest }]) =>
    s(
      tag,
      line === undefined
        ? { ...rest, fill: 'currentColor' }
        : { ...rest, fill: 'none', stroke: 'currentColor', 'stroke-width': line, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' },
    ),
  );
  return s(
    'svg',
    { class: 'g', viewBox: '0 0 12 12', 'data-st': role, ...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' }), ...extra },
    drawn,
  );
}

const icons = {
  goals: 'M3 13V3M3 3.5h8l-2 2.7 2 2.8H3',
  actors: 'M8 2.2v3M8 5.2 3.6 9M8 5.2 12.4 9M8 5.2V9M2.2 9.2h2.8V12H2.2zM6.6 9.2h2.8V12H6.6zM11 9.2h2.8V12H11z',
  tape: 'M2 4h12M2 8h12M2 12h7',
  votes: 'M2.5 8.5h11V14h-11zM5 8.5V3l5.5-.8 1 6.3M7 11h2',
  messages: 'M3.5 2v12M12.5 2v12M3.5 5h8.5M10 3l2 2-2 2M12.5 10.500H4M6 8.500l-2 2 2 2',
  travel: 'M8 2.200a5.800 5.800 0 1 1-5.300 3.500M2.400 2.500v3.300h3.300M8 5v3.200l2.200 1.500',
  tools:
    'M2 2h3.300v3.300H2zM6.400 2h3.300v3.300H6.400zM10.700 2H14v3.300h-3.300zM2 6.400h3.300v3.300H2zM6.400 6.400h3.300v3.300H6.400zM10.700 10.700H14V14h-3.300zM2 10.700h3.300V14H2z',
  models: 'M2 9.500h2.600L6.500 3l3 10 1.700-3.500H14',
  more: 'M3 8h.1M8 8h.1M13 8h.1',
  nodes: 'M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.1M4.5 11h.1',
};

export const icon = (name) => s('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, s('path', { d: icons[name] }));

export const mark = (wide = 1.7) =>
  s(
    'svg',
    { class: 'mark', viewBox: '0 0 20 20', 'aria-hidden': 'true' },
    s('path', {
      d: 'M2 8.5 6 6l4 2.5L14 6l4 2.5M5 13.5l3-1.9 3 1.9M12.5 13l2-1.3 2 1.3',
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': wide,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
    }),
  );

const statusRoles = { accepted: 'idle', running: 'thinking', paused: 'paused', completed: 'done', failed: 'failed', cancelled: 'cancelled' };
/** The role of a goal's status. */
export const roleOfStatus = (status) => statusRoles[status] ?? 'idle';

const factRoles = {
  'model.called': 'thinking',
  'model.replied': 'thinking',
  'model.discarded': 'backoff',
  'tool.requested': 'acting',
  'tool.started': 'acting',
  'tool.completed': 'acting',
  'tool.approved': 'done',
  'tool.denied': 'failed',
  'task.retried': 'backoff',
  'task.superseded': 'cancelled',
  'vote.cast': 'waiting',
  'round.decided': 'done',
  'leader.elected': 'done',
  'quota.warned': 'overQuota',
  'quota.exceeded': 'overQuota',
  'budget.asked': 'waiting',
  'budget.refused': 'failed',
  'budget.granted': 'done',
  'goal.paused': 'paused',
  'goal.cancelled': 'cancelled',
  'goal.cancel': 'cancelled',
  'agent.cancel': 'cancelled',
  'effect.failed': 'backoff',
  'timer.fired': 'idle',
};
/** The role of a fact or an input: what kind of thing it tells. */
export function roleOfFact(type) {
  const known = factRoles[type];
  if (known !== undefined) return known;
  if (/failed|poisoned|refused/.test(type)) return 'failed';
  return /completed|answered|collected|joined/.test(type) ? 'done' : 'idle';
}
