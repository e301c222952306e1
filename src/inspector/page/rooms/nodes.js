import { h } from '../dom.js';
import { count, duration, num } from '../figures.js';
import { loading } from './parts.js';

const shardsAll = 64;

export function sentence({ store }) {
  const owned = store.nodes.reduce((sum, { shards }) => sum + shards, 0);
  const versions = new Set(store.nodes.map(({ version }) => version));
  const agents = store.nodes.reduce((sum, { load }) => sum + load.agents, 0);
  return [
    `${num(Math.min(owned, shardsAll))} of ${shardsAll} shards have an owner.`,
    `${count(store.nodes.length, 'node')}, ${count(agents, 'agent')} at work${versions.size > 1 ? `, ${versions.size} versions` : ''}.`,
  ];
}

export function room({ store }) {
  if (!store.loaded) return loading();
  const letter = (at) => String.fromCharCode(65 + (at % 26));
  const tints = ['pA', 'pB', 'pC', 'pD'];
  const owners = store.nodes.flatMap((node, at) => Array.from({ length: node.shards }, () => at)).slice(0, shardsAll);
  const most = Math.max(1, ...store.nodes.map(({ load }) => load.agents));
  return h(
    'div.scroll',
    { key: 'nodes' },
    h(
      'div.pane',
      null,
      h(
        'h3.hd',
        null,
        'Shards by owner',
        h('span.t3', null, 'how many each node holds; a dashed cell has none'),
        h(
          'span.legend',
          null,
          store.nodes.map((node, at) =>
            h('span.row', { key: node.id }, h(`span.bl.${tints[at % 4]}`, null, letter(at)), node.id, h('b.num', null, num(node.shards))),
          ),
        ),
      ),
      h(
        'div.shards',
        { role: 'img', 'aria-label': store.nodes.map((node) => `${node.id} holds ${node.shards}`).join(', ') },
        Array.from({ length: shardsAll }, (_, at) =>
          owners[at] === undefined ? h('i.mv', { key: at }) : h(`i.${tints[owners[at] % 4]}`, { key: at }, letter(owners[at])),
        ),
      ),
      h(
        'div.sec',
        null,
        h('h3.hd', null, 'Nodes'),
        h(
          'div.tw',
          null,
          h(
            'table',
            null,
            h(
              'thead',
              null,
              h(
                'tr',
                null,
                ['Node', 'Roles', 'Version', 'Up'].map((word) => h('th', null, word)),
                ['Goals', 'Agents', 'Shards'].map((word) => h('th.right', null, word)),
              ),
            ),
            h(
              'tbody',
              null,
              store.nodes.map((node, at) =>
                h(
                  'tr',
                  { key: node.id },
                  h(
                    'td',
                    null,
                    h(
                      'span.row',
                      null,
                      h(`span.bl.${tints[at % 4]}`, null, letter(at)),
                      h('b.mono', null, node.id),
                      node.id === store.node ? h('span.tag', null, 'this page') : null,
                    ),
                  ),
                  h('td.t2', null, node.roles.join(' · ')),
                  h('td.num', null, node.version),
                  h('td.num', { title: node.startedAt }, duration(Date.now() - Date.parse(node.startedAt))),
                  h('td.num.right', null, num(node.load.goals)),
                  h(
                    'td.num.right',
                    null,
                    h('span.row.end0', null, h('span.hb', { v: { w: `${Math.round((56 * node.load.agents) / most)}px` } }), num(node.load.agents)),
                  ),
                  h('td.num.right', null, num(node.shards)),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
