// `npm run build`, used by prepack: src → dist. Node refuses to strip types below node_modules, so the installed package
// carries JavaScript; a checkout runs its sources and never needs this.

import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status === 0 ? finish() : (status ?? 1);

function finish(): number {
  for (const path of globSync('src/**/*.sql', { cwd: root })) {
    cpSync(join(root, path), join(root, path.replace(/^src/, 'dist')));
  }
  const broken = globSync('dist/**/*.js', { cwd: root }).filter(namesSources);
  for (const path of broken) console.error(`error: ${path} loads a .ts file by URL, which is not in the package`);
  if (broken.length > 0) {
    console.error(`hint: take the ending of the own file: new URL(\`./x\${extname(import.meta.filename)}\`, …)`);
  }
  return broken.length === 0 ? 0 : 1;
}

/** The compiler rewrites import specifiers, but not the URLs that workers are started from. */
function namesSources(path: string): boolean {
  return /new URL\(\s*['"`]\.[^'"`]*\.ts['"`]\s*,/.test(readFileSync(join(root, path), 'utf8'));
}
