import { h } from '../dom.js';
import { icon } from '../glyphs.js';

export const sentence = () => ['Every room of this node.', ''];

/** What the bottom bar of a phone has no place for. */
export const room = (app) =>
  h(
    'div.scroll',
    { key: 'more' },
    h(
      'nav.pane.morelist',
      { 'aria-label': 'Every room' },
      app
        .rooms()
        .map(({ name, word, group }) =>
          h('a.row', { key: name, href: `#${name}`, 'data-nav': true }, icon(name), h('span.b.grow', null, word), h('span.t3.sm', null, group)),
        ),
    ),
  );
