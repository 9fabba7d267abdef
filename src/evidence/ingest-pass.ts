// One pass over an open input: items are checked, gathered into batches, and written while the next batch is read.

import { hash } from 'node:crypto';
import { limits } from '../core/limits.ts';
import { ExportError } from '../core/errors.ts';
import { collectionOf, isSourceName } from './collection.ts';
import { checkDocumentPath, listedPath } from './document-path.ts';
import { bodyOf, emptyBatch, prepareBatch, refuse, type Batch, type BatchContext } from './ingest-batch.ts';
import { decodeDocument, tooLarge } from './json-document.ts';
import { PathSet } from './path-set.ts';
import { excerpt, Refused } from './refused.ts';
import type { Input, InputItem } from './sources/item.ts';
import type { IngestProgress } from './types.ts';
import type { Body } from './writer.ts';

export type PassOptions = BatchContext & {
  readonly source: string;
  readonly format: string;
  readonly batchDocuments: number;
  readonly batchBytes: number;
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export class IngestPass {
  /** Documents that the input speaks of, refused ones too. */
  readonly seen = new PathSet();
  readonly #options: PassOptions;
  #batch: Batch = emptyBatch();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: PassOptions) {
    this.#options = options;
  }

  /** Stages everything that `input` holds. */
  async run(input: Input): Promise<void> {
    const { signal, onProgress, batchDocuments, batchBytes } = this.#options;
    for await (const item of input.items) {
      if (signal?.aborted === true) throw new ExportError('CANCELLED', 'the ingest was cancelled');
      this.#take(item);
      const { puts, dels, refusals, bytes } = this.#batch;
      if (puts.length + dels.length + refusals.length < batchDocuments && bytes < batchBytes) continue;
      await this.#flush();
      const { totalBytes } = input;
      const progress = { documents: this.seen.size, bytes: input.bytesRead() };
      onProgress?.(totalBytes === undefined ? progress : { ...progress, totalBytes });
    }
    await this.#flush();
    await this.#writing;
  }

  /** Ends the writing that is under way, whatever became of it. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  #take(item: InputItem): void {
    const { format, source, report } = this.#options;
    const named = item.subSource === undefined || isSourceName(item.subSource);
    const c = collectionOf(format, source, named ? item.subSource : undefined);
    try {
      if (!named) {
        report.incomplete = true;
        throw new Refused('bad-source', `the source ${excerpt(item.subSource ?? '')} is no name of a sub-source`);
      }
      if (item.op === 'refuse') throw this.#refusedItem(c, item);
      checkDocumentPath(item.path);
      if (!this.seen.add(c, item.path)) throw new Refused('repeated-path', 'the input holds this path more than once');
      if (item.op === 'del') this.#batch.dels.push({ c, k: item.path });
      else this.#put(c, item.path, item.content);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(report, this.#batch.refusals, { c, path: listedPath(item.path), reason: error });
    }
  }

  #put(c: string, path: string, content: Buffer | string): void {
    const body = documentBody(content);
    this.#batch.puts.push({ c, path, ...body });
    this.#batch.bytes += body.size;
  }

  /** A refused document counts as present; one whose path is not known makes the whole input incomplete. */
  #refusedItem(c: string, item: Extract<InputItem, { op: 'refuse' }>): Refused {
    if (item.incomplete) this.#options.report.incomplete = true;
    else {
      checkDocumentPath(item.path);
      this.seen.add(c, item.path);
    }
    return item.reason;
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = emptyBatch();
    if (batch.puts.length + batch.dels.length + batch.refusals.length === 0) return;
    const staged = await prepareBatch(this.#options, batch);
    await this.#writing;
    this.#writing = this.#options.writer.stage(staged);
    // A failure is met at the next await; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}

function documentBody(content: Buffer | string): Body {
  const text = decodeDocument(content);
  if (typeof content === 'string') {
    const body = bodyOf(text);
    if (body.size > limits.documentBytes) throw tooLarge();
    return body;
  }
  return { text, digest: hash('sha256', content), size: content.length };
}
