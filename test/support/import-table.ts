// Reads the import lines of the sources and the table of rooms in docs/architecture.md, for the architecture test.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

export type SourceFile = { /** Relative to the checkout, with `/`. */ readonly path: string; readonly text: string };

/** Room → rooms it may import; `all` as the table writes it. */
export type ImportTable = ReadonlyMap<string, ReadonlySet<string>>;

/** Every file below `folders` of `root` with one of `extensions`, sorted by path. */
export function readSources(root: string, folders: readonly string[], extensions: readonly string[]): SourceFile[] {
  const patterns = folders.flatMap((folder) => extensions.map((extension) => `${folder}/**/*${extension}`));
  const paths = globSync(patterns, { cwd: root }).map((path) => path.split(sep).join('/'));
  return paths.sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** The rows of the first table whose header has `may import`. A dash means nothing. */
export function parseImportTable(markdown: string): ImportTable {
  const rows = markdown.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const header = rows.findIndex((cells) => cells.includes('may import'));
  const column = rows[header]?.indexOf('may import') ?? -1;
  const table = new Map<string, ReadonlySet<string>>();
  for (const cells of rows.slice(header + 2)) {
    const room = cells[1];
    const allowed = cells[column];
    if (header < 0 || room === undefined || allowed === undefined) break;
    table.set(room, new Set(/^[–-]?$/.test(allowed) ? [] : allowed.split(/,\s*/)));
  }
  return table;
}

/** The room of a source file: its folder below `src`, or its name for `src/main.ts` and `src/cli.ts`. */
export function roomOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

const importForms = [
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(?<from>[^'"]+)\1/gm,
  /^\s*import\s*(['"])(?<from>[^'"]+)\1/gm,
  /\bimport\s*\(\s*(['"`])(?<from>[^'"`]+)\1/g,
  /\bnew URL\(\s*(['"`])(?<from>\.[^'"`]*\.(?:ts|js))\1\s*,\s*import\.meta\.url/g,
];

/** What a file imports, as written: static, side-effect and dynamic imports, re-exports, and workers by URL. */
export function importsOf(text: string): string[] {
  return importForms.flatMap((form) => [...text.matchAll(form)].map((match) => match.groups?.['from'] ?? ''));
}

/** One sentence for each import of `files` that the table does not allow. */
export function forbiddenEdges(files: readonly SourceFile[], table: ImportTable): string[] {
  const problems: string[] = [];
  for (const { path, text } of files) {
    const room = roomOf(path);
    const allowed = table.get(room);
    if (allowed === undefined) problems.push(`${path}: the room ${room} is not in the table`);
    for (const from of importsOf(text).filter((name) => name.startsWith('.'))) {
      const target = relative('.', normalize(join(dirname(path), from)))
        .split(sep)
        .join('/');
      const problem = judgeEdge(room, allowed ?? new Set(), target);
      if (problem !== undefined) problems.push(`${path}: imports ${from}: ${problem}`);
    }
  }
  return problems;
}

function judgeEdge(room: string, allowed: ReadonlySet<string>, target: string): string | undefined {
  if (!target.startsWith('src/')) return 'it is outside src';
  const other = roomOf(target);
  if (other === room || other === 'core') return undefined;
  if (other === 'main') return 'nobody imports main';
  return allowed.has('all') || allowed.has(other) ? undefined : `${room} may not import ${other}`;
}
