// What `npm run bench` and `npm run soak` share: a folder of modules, each with an exported `run(argv)`.

import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export type NamedModule = { readonly name: string; run(argv: readonly string[]): Promise<void> };

const root = join(import.meta.dirname, '..');

/** Names of the modules of `folder` (relative to the checkout), sorted. Tests and `support-…` files are not listed. */
export function listModules(folder: string): string[] {
  const names = globSync(`${folder}/*.ts`, { cwd: root }).map((path) => basename(path, '.ts'));
  return names.filter((name) => !name.endsWith('.test') && !name.startsWith('support-')).sort();
}

/** Loads one module. Throws when it has no `run` function. */
export async function loadModule(folder: string, name: string): Promise<NamedModule> {
  const loaded: unknown = await import(pathToFileURL(join(root, folder, `${name}.ts`)).href);
  if (typeof loaded !== 'object' || loaded === null || !('run' in loaded) || typeof loaded.run !== 'function') {
    throw new TypeError(`${folder}/${name}.ts does not export a function run(argv)`);
  }
  const { run } = loaded;
  return { name, run: async (argv) => void (await run(argv)) };
}
