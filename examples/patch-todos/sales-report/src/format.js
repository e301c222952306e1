// TODO: rename cents to amount
export function money(cents) {
  return `${(cents / 100).toFixed(2)} EUR`;
}

export function asText({ pieces, totals }) {
  const rows = [...totals].sort(([, a], [, b]) => b - a);
  // TODO: remove this debug line
  console.error('rows', rows);
  // TODO: replace '-' with '*' once the shop's printer knows it.
  const list = rows.map(([article, cents]) => `- ${article}: ${money(cents)}`);
  return [`Sales, ${pieces} pieces`, ...list].join('\n');
}
