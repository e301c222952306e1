/** `npm run lock`, after a change of dependencies: adds to package-lock.json what npm left out for other platforms. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completed, lockfileGaps, readLockfile } from './checks/lockfile.ts';
import { root } from './checks/run.ts';

const lockfile = readLockfile();
const gaps = lockfileGaps(lockfile);
if (gaps.length > 0) writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(completed(lockfile), null, 2)}\n`);
process.stdout.write(`lock: ${gaps.length} packages of other platforms added\n`);
