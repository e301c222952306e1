/**
 * The page as a picture of its data: rooms describe what should stand there, and `render` changes only what differs, so that focus, scroll and
 * selection stay. Texts are always text nodes; nothing received is ever read as markup.
 */
const svgNamespace = 'http://www.w3.org/2000/svg';
/** What an element was last described as. */
const described = new WeakMap();
const listeners = new WeakMap();
/** Hooks run once everything stands in the page: a dialog opens and a field takes the focus only there. */
let hooks = [];

function node(namespace, spec, props, kids) {
  const [tag, ...classes] = spec.split('.');
  const { key, ...rest } = props ?? {};
  if (classes.length > 0) rest.class = [...classes, ...(rest.class ? [rest.class] : [])].join(' ');
  return {
    namespace,
    tag: tag === '' ? 'div' : tag,
    key,
    props: rest,
    kids: kids.flat(4).filter((kid) => kid !== null && kid !== undefined && kid !== false && kid !== ''),
  };
}

/** An element: `h('div.row', {key, on: {click}, v: {cssVariable: value}, hook, title: …}, …kids)`. */
export const h = (spec, props, ...kids) => node(undefined, spec, props, kids);
/** The same in SVG. */
export const s = (spec, props, ...kids) => node(svgNamespace, spec, props, kids);

function listen(element, handlers = {}) {
  const known = listeners.get(element) ?? {};
  for (const type of Object.keys(handlers)) {
    if (!(type in known)) element.addEventListener(type, (event) => listeners.get(element)?.[type]?.(event));
  }
  for (const type of Object.keys(known)) if (!(type in handlers)) handlers[type] = undefined;
  listeners.set(element, handlers);
}

function setProps(element, next, last) {
  for (const name of new Set([...Object.keys(last), ...Object.keys(next)])) {
    const value = next[name];
    if (name === 'on') listen(element, { ...value });
    else if (name === 'v') {
      for (const variable of Object.keys({ ...last.v, ...value })) {
        const now = value?.[variable];
        if (now === last.v?.[variable]) continue;
        if (now === undefined || now === null) element.style.removeProperty(`--${variable}`);
        else element.style.setProperty(`--${variable}`, String(now));
      }
    } else if (name === 'hook' || value === last[name]) continue;
    else if (name === 'value') {
      // What somebody is typing is theirs.
      if (element.ownerDocument.activeElement !== element) element.value = value ?? '';
    } else if (name === 'checked') element.checked = value === true;
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

function create(description) {
  if (typeof description !== 'object') return document.createTextNode(String(description));
  const { namespace, tag, props, kids } = description;
  const element = namespace === undefined ? document.createElement(tag) : document.createElementNS(namespace, tag);
  setProps(element, props, {});
  renderKids(element, kids, []);
  described.set(element, description);
  if (props.hook !== undefined) hooks.push([props.hook, element]);
  return element;
}

const fits = (old, next) =>
  (typeof old === 'object') === (typeof next === 'object') &&
  (typeof old !== 'object' || (old.tag === next.tag && old.namespace === next.namespace && old.key === next.key));

function update(element, next, last) {
  if (typeof next !== 'object') {
    if (element.data !== String(next)) element.data = String(next);
    return;
  }
  setProps(element, next.props, last.props);
  renderKids(element, next.kids, last.kids);
  described.set(element, next);
  if (next.props.hook !== undefined) hooks.push([next.props.hook, element]);
}

function renderKids(parent, next, last) {
  const elements = [...parent.childNodes];
  const keyed = new Map();
  const loose = [];
  last.forEach((description, at) => {
    if (typeof description === 'object' && description.key !== undefined) keyed.set(description.key, at);
    else loose.push(at);
  });
  const used = new Set();
  let looseAt = 0;
  const placed = next.map((description) => {
    let at;
    if (typeof description === 'object' && description.key !== undefined) at = keyed.get(description.key);
    else {
      at = loose[looseAt];
      if (at !== undefined && fits(last[at], description)) looseAt++;
      else if (at !== undefined) {
        const found = loose.findIndex((one, index) => index > looseAt && fits(last[one], description));
        if (found < 0) at = undefined;
        else {
          at = loose[found];
          looseAt = found + 1;
        }
      }
    }
    const old = at === undefined ? undefined : elements[at];
    if (old === undefined || used.has(at) || !fits(last[at], description)) return create(description);
    used.add(at);
    update(old, description, last[at]);
    return old;
  });
  elements.forEach((element, at) => {
    if (!used.has(at)) element.remove();
  });
  let cursor = parent.firstChild;
  for (const element of placed) {
    if (element === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(element, cursor);
  }
}

/** Makes the children of an element those that are described. */
export function render(parent, ...kids) {
  const next = node(undefined, 'div', null, kids).kids;
  renderKids(parent, next, described.get(parent)?.kids ?? []);
  described.set(parent, { kids: next });
  const due = hooks;
  hooks = [];
  for (const [hook, element] of due) hook(element);
}

const focused = new WeakSet();
/** A hook: gives an element the focus when it has just come into the page. */
export function focusOnce(element) {
  if (focused.has(element)) return;
  focused.add(element);
  element.focus();
}

export const $ = (selector) => document.querySelector(selector);
