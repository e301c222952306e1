import { h } from './dom.js';

/** Text of a model, shown safely: paragraphs, headings, lists, code and emphasis become elements of our own; everything else stays text. */
const blocksMax = 400;
const inlineCharsMax = 20_000;

export function prose(text) {
  const out = [];
  let list;
  let code;
  let paragraph = [];
  const flush = () => {
    if (paragraph.length > 0)
      out.push(
        h(
          'p',
          null,
          paragraph.flatMap((line, at) => [at > 0 ? ' ' : '', inline(line)]),
        ),
      );
    if (list !== undefined)
      out.push(
        h(
          list.ordered ? 'ol' : 'ul',
          null,
          list.items.map((item) => h('li', null, inline(item))),
        ),
      );
    paragraph = [];
    list = undefined;
  };
  for (const line of text.split('\n')) {
    if (out.length >= blocksMax) {
      out.push(h('p.t3', null, 'The rest is longer than this page shows; the command line prints all of it.'));
      return out;
    }
    if (/^\s*```/.test(line)) {
      flush();
      if (code === undefined) code = [];
      else {
        out.push(h('pre', { tabindex: '0' }, code.join('\n')));
        code = undefined;
      }
      continue;
    }
    if (code !== undefined) {
      code.push(line);
      continue;
    }
    const heading = /^(#{1,4})\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/.exec(line);
    if (heading !== null) {
      flush();
      out.push(h('h4', null, inline(heading[2])));
    } else if (item !== null) {
      if (paragraph.length > 0 || (list !== undefined && list.ordered !== (item[1] !== undefined))) flush();
      list ??= { ordered: item[1] !== undefined, items: [] };
      list.items.push(item[2]);
    } else if (line.trim() === '') flush();
    else if (list !== undefined && /^\s{2,}/.test(line)) list.items.push(`${list.items.pop()} ${line.trim()}`);
    else {
      if (list !== undefined) flush();
      paragraph.push(line);
    }
  }
  if (code !== undefined) out.push(h('pre', { tabindex: '0' }, code.join('\n')));
  flush();
  return out;
}

/** `code`, **strong**, and citations like src/a.ts:12. */
function inline(text) {
  if (text.length > inlineCharsMax) return [text];
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(/`([^`\n]{1,400})`|\*\*([^*\n]{1,400})\*\*|((?:[\w.@-]+\/)*[\w.@-]+\.[a-z]{1,5}:\d{1,6})/g)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    if (match[1] !== undefined) parts.push(h('code', null, match[1]));
    else if (match[2] !== undefined) parts.push(h('b', null, match[2]));
    else parts.push(h('span.cite', null, match[3]));
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
