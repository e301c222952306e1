// TODO: rename to totalsByArticle; "calc" says nothing.
export function calc(sales) {
  // TODO: use const
  let pieces = 0;
  const totals = new Map();
  for (const { article, quantity, cents } of sales) {
    pieces += quantity;
    totals.set(article, (totals.get(article) ?? 0) + quantity * cents);
  }
  return { pieces, totals };
}
