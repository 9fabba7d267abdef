// The VEX repository of each tenant: its archive, built out of the ingested OpenVEX when the evidence has moved since it
// was asked for last, and kept in the data folder. Whoever asks meanwhile waits for the same build.

import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../core/digest.ts';
import { collectionParts } from '../evidence/collection.ts';
import type { StateReader } from '../evidence/types.ts';
import type { Json } from '../core/canonical-json.ts';
import type { SourcedContribution } from '../profiles/database/row.ts';
import { sortContributions } from '../profiles/database/sort-contributions.ts';
import { writeVexArchive } from '../profiles/vex-repository/archive.ts';
import { VexPackages } from '../profiles/vex-repository/packages.ts';
import type { EncoderPool } from '../shard/encoder-pool.ts';

export type VexArchive = { readonly path: string; readonly digest: Digest; readonly size: number };

export type VexRepositoriesOptions = {
  /** Folder for archives, made when it is not there. */
  readonly folder: string;
  /** Folder for what is being built. */
  readonly tempDir: string;
  readonly encoders: EncoderPool;
  readonly reader: (tenant: string) => StateReader;
};

/** Moves whenever the same statements make another archive. */
const builder = 1;

type Kept = { readonly builder: number; readonly sequence: number; readonly digest: Digest; readonly size: number };

export class VexRepositories {
  readonly #options: VexRepositoriesOptions;
  readonly #building = new Map<string, Promise<VexArchive>>();

  constructor(options: VexRepositoriesOptions) {
    this.#options = options;
  }

  /** The archive of the newest committed evidence; that of no statements has an empty index. */
  archive(tenant: string): Promise<VexArchive> {
    const running = this.#building.get(tenant);
    if (running !== undefined) return running;
    const building = this.#obtain(tenant).finally(() => this.#building.delete(tenant));
    this.#building.set(tenant, building);
    return building;
  }

  async #obtain(tenant: string): Promise<VexArchive> {
    const sequence = await this.#options.reader(tenant).sequence();
    const kept = await this.#kept(tenant);
    if (kept?.builder === builder && kept.sequence === sequence) return this.#archiveOf(tenant, kept);
    return this.#build(tenant, sequence, kept);
  }

  async #build(tenant: string, sequence: number, before: Kept | undefined): Promise<VexArchive> {
    const { folder, tempDir, encoders } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await mkdir(tempDir, { recursive: true, mode: 0o700 });
    const work = await mkdtemp(join(tempDir, 'vex-'));
    try {
      const to = join(work, 'vex.tar.gz');
      const statements = sortContributions(this.#statements(tenant, sequence), { tempDir: work });
      const { digest, size } = await writeVexArchive(statements, { to, encoders, tempDir: work });
      const kept = { builder, sequence, digest, size };
      const archive = this.#archiveOf(tenant, kept);
      await rename(to, archive.path);
      const note = join(work, 'kept.json');
      await writeFile(note, JSON.stringify(kept), { mode: 0o600 });
      await rename(note, this.#noteOf(tenant));
      if (before !== undefined && before.digest !== digest) {
        await rm(this.#archiveOf(tenant, before).path, { force: true });
      }
      return archive;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async *#statements(tenant: string, sequence: number): AsyncGenerator<SourcedContribution[]> {
    const packages = new VexPackages();
    for await (const page of this.#options.reader(tenant).bodies('record', sequence, 'openvex')) {
      yield page.flatMap(({ entry: { c, k }, body }) => {
        const v = JSON.parse(body.toString('utf8')) as Json;
        const { source } = collectionParts(c);
        return packages.contributions({ c, k, v }).map((part) => ({ ...part, source }));
      });
    }
  }

  async #kept(tenant: string): Promise<Kept | undefined> {
    try {
      return JSON.parse(await readFile(this.#noteOf(tenant), 'utf8')) as Kept;
    } catch {
      // Not there, or cut off by a crash: it is built anew.
      return undefined;
    }
  }

  #archiveOf(tenant: string, { digest, size }: Kept): VexArchive {
    const name = `${tenant}-${digest.slice('sha256:'.length)}.tar.gz`;
    return { path: join(this.#options.folder, name), digest, size };
  }

  #noteOf(tenant: string): string {
    return join(this.#options.folder, `${tenant}.json`);
  }
}
