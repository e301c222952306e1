import { readFileSync } from 'node:fs';

// TODO: read it line by line; the sales of a whole year do not fit into memory.
export function loadSales(path) {
  // TODO: use const
  let text = readFileSync(path, 'utf8');
  const sales = [];
  for (const row of text.trim().split('\n').slice(1)) {
    const [article, quantity, cents] = row.split(',');
    if (Number(quantity) == 0) continue; // TODO: use === instead of ==
    sales.push({ article, quantity: Number(quantity), cents: Number(cents) });
  }
  return sales;
}
