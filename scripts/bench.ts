// `npm run bench -- NAME [ARGUMENTS…]`: one benchmark of test/bench. Its last line of output is one line of JSON.

import { listModules, loadModule } from './run-named.ts';

const folder = 'test/bench';
const [name, ...argv] = process.argv.slice(2);
const names = listModules(folder);

if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`error: there is no benchmark ${name}`);
  console.error(`hint: npm run bench -- NAME, where NAME is one of: ${names.join(' ') || '(none yet)'}`);
  process.exitCode = 2;
} else {
  const bench = await loadModule(folder, name);
  await bench.run(argv);
}
