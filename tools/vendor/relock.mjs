// Run after `npm install`: the lock carries integrity hashes and no address of any host.
import fs from 'node:fs';

const file = new URL('package-lock.json', import.meta.url);
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
for (const entry of Object.values(lock.packages)) {
  delete entry.resolved;
  delete entry.funding;
}
fs.writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
