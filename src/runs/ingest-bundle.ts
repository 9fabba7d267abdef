// FROM that is a bundle of an export center, in a registry or an OCI layout: its documents are taken in as any others, of
// one format at a time. json:raw gives them byte for byte; a mirror gives OSV records, each of which is its document.

import { open, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { collectionParts } from '../evidence/collection.ts';
import { ingest, type IngestEnvironment } from '../evidence/ingest.ts';
import type { IngestOptions, IngestResult } from '../evidence/types.ts';
import type { EvidenceWriter } from '../evidence/writer.ts';
import { parseReference } from '../oci/reference.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { rawText } from '../consumer/raw-text.ts';
import { isRaw, readBundle, stateLines } from '../profiles/sharded/read.ts';
import { isLayout, parseLayoutReference } from '../registry/layout/layout-reference.ts';
import { openLayout } from '../registry/layout/layout-repository.ts';
import type { StateLine } from '../shard/line.ts';
import type { SourceAccess } from './overlay/database-source.ts';

/** Formats whose records are whole documents. */
const wholeRecords: readonly string[] = ['osv'];

/** Whether FROM names a bundle and no files. */
export async function isBundlePlace(from: string): Promise<boolean> {
  if (/^oci:/i.test(from)) return true;
  return !/^https?:/i.test(from) && isLayout((await parseLayoutReference(from)).dir);
}

/** Errors: those of `ingest`, NOT_FOUND, INPUT_INVALID for other artifacts and for formats that the bundle has not. */
export async function ingestBundle(
  store: EvidenceWriter,
  request: IngestOptions,
  environment: IngestEnvironment & { readonly sources: SourceAccess },
): Promise<IngestResult> {
  const { repository, reference } = await openPlace(request.from, environment.sources);
  const index = await repository.manifest(reference);
  if (!index) {
    throw new ExportError('NOT_FOUND', `${repository.name} has no ${reference}`, {
      hint: 'check the name and the tag; a private repository may need a login',
    });
  }
  const bundle = await readBundle(repository, index);
  await mkdir(environment.tempDir, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(environment.tempDir, 'bundle-'));
  try {
    const file = join(folder, 'documents.jsonl');
    const pages = stateLines(repository, bundle);
    await writeDocuments(pages, file, { format: request.format ?? 'osv', isRaw: isRaw(bundle) });
    return await ingest(store, { ...request, from: file }, { ...environment, origin: request.from });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Place = { readonly repository: RepositoryReader; readonly reference: string };

async function openPlace(from: string, sources: SourceAccess): Promise<Place> {
  if (/^oci:/i.test(from)) {
    const { digest, tag = 'latest', ...named } = parseReference(from);
    return { repository: sources.repository(named), reference: digest ?? tag };
  }
  const { dir, digest, tag = 'latest' } = await parseLayoutReference(from);
  return { repository: await openLayout(dir), reference: digest ?? tag };
}

async function writeDocuments(
  pages: AsyncIterable<readonly StateLine[]>,
  path: string,
  { format, isRaw: raw }: { readonly format: string; readonly isRaw: boolean },
): Promise<void> {
  const others = new Set<string>();
  let documents = 0;
  await using file = await open(path, 'wx', 0o600);
  for await (const page of pages) {
    const lines = page.flatMap(({ c, k, v }) => {
      const parts = collectionParts(c);
      if (parts.format !== format) {
        others.add(parts.format);
        return [];
      }
      if (!raw && !wholeRecords.includes(format)) throw noDocuments(format);
      const text = raw ? rawText(v).toString('utf8') : v.toString('utf8');
      return [`${JSON.stringify({ source: parts.subSource, path: k, text })}\n`];
    });
    documents += lines.length;
    await file.writeFile(lines.join(''));
  }
  if (documents > 0 || others.size === 0) return;
  throw new ExportError('INPUT_INVALID', `the bundle holds no documents of the format ${format}`, {
    hint: `it holds ${[...others].sort().join(', ')}: name one with --format`,
  });
}

function noDocuments(format: string): ExportError {
  return new ExportError('INPUT_INVALID', `a mirror holds records of ${format} documents, not the documents`, {
    hint: 'give the json:raw bundle of the same evidence',
  });
}
