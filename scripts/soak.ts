// `npm run soak [-- NAME…]`: what takes too long for the suite, one module of test/soak after the other, by default all.
// Each prints one line of figures; one that throws does not keep the others from running.

import { listModules, loadModule } from './run-named.ts';

const folder = 'test/soak';
const known = listModules(folder);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));

if (unknown.length > 0 || known.length === 0) {
  console.error(unknown.length > 0 ? `error: there is no soak test ${unknown.join(', ')}` : 'error: no soak tests');
  console.error(`hint: npm run soak -- NAME…, where NAME is one of: ${known.join(' ') || '(none yet)'}`);
  process.exitCode = 2;
} else {
  for (const name of asked.length > 0 ? asked : known) await runOne(name);
}

async function runOne(name: string): Promise<void> {
  try {
    const soak = await loadModule(folder, name);
    await soak.run([]);
  } catch (error) {
    console.error(`error: soak ${name} failed`, error);
    process.exitCode = 1;
  }
}
