import { asText } from './format.js';
import { loadSales } from './load.js';
import { calc } from './totals.js';

const [path = 'sales.csv'] = process.argv.slice(2);
// TODO: say which line is wrong when the file is no sales file.
console.log(asText(calc(loadSales(path))));
