import { h, s } from '../dom.js';
import { glyph } from '../glyphs.js';

const cornerPx = 6;
const charPx = 3.35;

/** A polyline with rounded corners. */
function outline(points) {
  let d = `M${points[0]}`;
  for (let at = 1; at < points.length; at++) {
    const [x, y] = points[at];
    const next = points[at + 1];
    if (next === undefined) {
      d += `L${x},${y}`;
      continue;
    }
    const [bx, by] = points[at - 1];
    const before = Math.hypot(bx - x, by - y) || 1;
    const after = Math.hypot(next[0] - x, next[1] - y) || 1;
    const r = Math.min(cornerPx, before / 2, after / 2);
    d += `L${x + ((bx - x) * r) / before},${y + ((by - y) * r) / before}Q${x},${y} ${x + ((next[0] - x) * r) / after},${y + ((next[1] - y) * r) / after}`;
  }
  return d;
}

function arrow(points) {
  const [x, y] = points.at(-1);
  const [bx, by] = points.at(-2);
  return s('path', { class: 'hd0', d: 'M0 0-7-3.6-7 3.6z', transform: `translate(${x} ${y}) rotate(${(Math.atan2(y - by, x - bx) * 180) / Math.PI})` });
}

/** The move of a chart that a step took: by its own source, or by the frame that its source stands in. */
function moveFor(chart, source, event, target) {
  const from = (move) => move.source === source || (move.source === chart.frame?.name && chart.frame.states.includes(source));
  return chart.moves.findIndex((move) => from(move) && move.target === target && move.events.includes(event));
}

/** What a run did on a chart: the states and moves it took, and the last move. */
export function runOn(chart, moves, lastMove) {
  const taken = new Set();
  const been = new Set([chart.initial]);
  for (const move of moves) {
    const [told, event, target] = move.split('>');
    // The first step comes from where every actor begins.
    const source = told === 'other' ? chart.initial : told;
    been.add(source);
    been.add(target);
    taken.add(moveFor(chart, source, event, target));
  }
  return { taken, been, last: lastMove === undefined ? -1 : moveFor(chart, ...lastMove.split('>')) };
}

/** A statechart as it was laid out when the page was built; only classes change. */
export function statechart(chart, active, { taken, been, last }) {
  const role = chart.states.find(({ id }) => id === active)?.role ?? 'idle';
  const inFrame = chart.frame?.states.includes(active) === true;
  const rank = (at) => (at === last ? 2 : taken.has(at) ? 1 : 0);
  const classOf = (at) => (at === last ? ' on' : taken.has(at) ? ' been' : '');
  const drawn = chart.moves.map((move, at) => ({ move, at })).sort((a, b) => rank(a.at) - rank(b.at));
  const frame = chart.frame;
  return s(
    'svg',
    {
      viewBox: `0 0 ${chart.width} ${chart.height}`,
      width: chart.width,
      height: chart.height,
      role: 'img',
      'aria-label': `Statechart of ${chart.machine}; active: ${inFrame ? `${frame.name}, ` : ''}${active}`,
      'data-active': active,
    },
    frame === null
      ? null
      : s(
          'g',
          { class: `cmp${inFrame ? ' on' : ''}`, 'data-st': role },
          s('rect', { class: 'o', x: frame.box[0], y: frame.box[1], width: frame.box[2], height: frame.box[3], rx: 10 }),
          s('text', { x: frame.box[0] + frame.box[2] - 14, y: frame.box[1] + 20 }, frame.name),
        ),
    s('g', { class: `ed${been.size > 1 ? ' been' : ''}` }, s('path', { d: outline(chart.start) }), arrow(chart.start)),
    drawn.map(({ move, at }) =>
      s(
        'g',
        { key: `m${at}`, class: `ed${classOf(at)}`, 'data-st': role },
        s('title', null, `${move.source} to ${move.target}: ${move.events.join(', ')}`),
        s('path', { d: outline(move.points) }),
        arrow(move.points),
      ),
    ),
    chart.moves.map(({ label, lines }, at) =>
      s(
        'g',
        { key: `l${at}`, class: `el${classOf(at)}`, 'data-st': role },
        s('rect', { x: label[0] - 1, y: label[1], width: label[2], height: label[3] }),
        lines.map((line, index) => s('text', { x: label[0] + 2, y: label[1] + 10.5 + index * 13, ...(line.startsWith('and ') ? { class: 'gd' } : {}) }, line)),
      ),
    ),
    s('circle', { class: 'start', cx: chart.start[0][0], cy: chart.start[0][1] - 5, r: 4.5 }),
    chart.states.map(({ id, role: own, ended, about, box: [x, y, width, height] }) =>
      s(
        'g',
        { key: id, class: `nd${ended ? ' fin' : ''}${id === active ? ' on' : been.has(id) ? ' been' : ''}`, ...(id === active ? { 'data-st': own } : {}) },
        s('title', null, about === '' ? id : `${id}: ${about}`),
        s('rect', { x, y, width, height, rx: ended ? 9 : 7 }),
        ended ? s('rect', { class: 'i', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 6.5 }) : null,
        s('text', { x: x + width / 2 + 9, y: y + 20.5 }, id),
        glyph(own, undefined, {
          x: x + width / 2 - id.length * charPx - 11,
          y: y + height / 2 - 6,
          width: 12,
          height: 12,
          'data-st': id === active ? own : 'none',
        }),
      ),
    ),
  );
}

/** The chart in its frame; where it does not fit, the active state is brought to the middle once. */
export function chartFrame(key, chart, active, run) {
  return h(
    'div.chart',
    {
      key: `chart-${key}`,
      tabindex: '0',
      'aria-label': 'Statechart, scrollable',
      hook: (element) => {
        if (element.dataset.centred === active || element.clientWidth === 0) return;
        element.dataset.centred = active;
        const box = chart.states.find(({ id }) => id === active)?.box;
        if (box !== undefined && element.scrollWidth > element.clientWidth)
          element.scrollTo(box[0] + box[2] / 2 - element.clientWidth / 2, box[1] + box[3] / 2 - element.clientHeight / 2);
      },
    },
    statechart(chart, active, run),
  );
}
