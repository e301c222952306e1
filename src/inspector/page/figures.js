/** Numbers and times as people read them. Unknown is a dash, never 0. */
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function num(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '—';
  if (Math.abs(value) < 100_000) return whole.format(value);
  return Math.abs(value) < 1_000_000 ? `${whole.format(value / 1_000)} k` : `${(value / 1_000_000).toFixed(1)} M`;
}

export function money(usd) {
  if (usd === null || usd === undefined) return '—';
  if (usd === 0) return '$0.00';
  return usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
}

export function duration(ms) {
  if (ms === null || ms === undefined) return '—';
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  const hours = Math.floor(seconds / 3_600);
  if (hours < 24) return seconds % 3_600 < 60 ? `${hours} h` : `${hours} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const two = (value) => String(value).padStart(2, '0');

export function clock(at) {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export const clockMs = (at) => `.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;

/** When something of a list was: the clock today, the day before that. */
export function when(iso) {
  const date = new Date(iso);
  return date.toDateString() === new Date().toDateString()
    ? clock(date.getTime()).slice(0, 5)
    : date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

export const percent = (part, of) => `${((100 * part) / Math.max(1, of)).toFixed(1)} %`;

export const count = (value, one, many = `${one}s`) => `${num(value)} ${value === 1 ? one : many}`;

export function bytes(value) {
  if (value === undefined) return '—';
  return value < 1_024 ? `${value} B` : value < 1_048_576 ? `${(value / 1_024).toFixed(1)} KiB` : `${(value / 1_048_576).toFixed(1)} MiB`;
}

/** The id of a goal where there is little room; the whole one is in the tooltip and in the address. */
export const shortId = (id) => (id.length > 12 ? id.slice(0, 10) : id);

export const shorten = (text, charsMax) => (text.length > charsMax ? `${text.slice(0, charsMax)}…` : text);
