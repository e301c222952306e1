/** `npm run api`: writes the listings of the public API in etc/ from the built entries. */
import { checkApi } from './checks/api.ts';

const { problems, checked } = checkApi(true);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`api: ${checked} listings in etc/\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
