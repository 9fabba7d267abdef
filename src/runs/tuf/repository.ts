// One TUF repository of this installation. A publication is a row: begun with everything that is needed to end it, ended
// when its content is in the registry. Whoever comes next ends what another began, so a crash loses nothing, two workers
// never issue one version, and a retry publishes the same bytes.

import { formatSeconds, type Clock } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import { describe } from '../../oci/descriptor.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { StoredManifest } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Database } from '../../db/database.ts';
import { WorkQueue } from '../../db/work-queue.ts';
import {
  beginPublication,
  commitPublication,
  newestFiles,
  newestPublication,
  type StoredPublication,
} from '../../db/tuf.ts';
import { filesOfState, keptVersions, stateOfFiles, tufManifest, type BundleFile } from '../../trust/tuf/bundle.ts';
import { composeNext, type Change, type Composer } from '../../trust/tuf/compose.ts';
import type { KeyFolder } from '../../trust/tuf/key-folder.ts';
import { lintState } from '../../trust/tuf/lint-state.ts';
import { selfCheck } from '../../trust/tuf/self-check.ts';
import type { TufState } from '../../trust/tuf/types.ts';
import { keyIdsOf, storedFile } from './files.ts';
import { FirstRoot } from './first-root.ts';
import { firstPublication, type FirstTargets } from './first-publication.ts';
import type { TufPlace } from './place.ts';
import type { RoleSettings } from './role-settings.ts';
import { highestVersion, newestInRegistry, pushPublication, retirePublications, tagPublication } from './registry.ts';

/** What is current, with the files that clients in between two publications may still ask for. */
export type Current = { readonly state: TufState; readonly files: readonly BundleFile[] };

export type Plan = Change & { readonly targetFiles?: readonly BundleFile[] };

export type TufRepositoryOptions = {
  readonly place: TufPlace;
  readonly settings: RoleSettings;
  readonly keys: KeyFolder;
  readonly oci: Repository;
  readonly db: Database;
  readonly clock: Clock;
  /** Targets of the top-level role that it begins with. */
  readonly firstTargets?: () => FirstTargets;
};

/** Longer than any client takes between a timestamp and the files it leads to. */
const filesKeptMs = 48 * 3_600_000;
/** Each loser of a race means that somebody else got on. */
const maxAttempts = 50;

export class TufRepository {
  readonly place: TufPlace;
  readonly settings: RoleSettings;
  readonly keys: KeyFolder;
  readonly firstRoot: FirstRoot;
  readonly #options: TufRepositoryOptions;
  readonly #queue = new WorkQueue();
  /** Highest version that any tag of the registry names; looked up once for each process. */
  #floor: number | undefined;

  constructor(options: TufRepositoryOptions) {
    this.place = options.place;
    this.settings = options.settings;
    this.keys = options.keys;
    this.firstRoot = new FirstRoot(options.place.rootDir);
    this.#options = options;
  }

  /** What is current; made when there is nothing yet. */
  current(): Promise<Current> {
    return this.#queue.run(() => this.#open());
  }

  /** What is current, undefined when the repository was never made. */
  async find(): Promise<Current | undefined> {
    return (await newestPublication(this.#options.db, this.place.name)) && this.current();
  }

  /**
   * Publishes what `plan` makes of what is current, and what would expire soon. When nothing has to change, nothing is
   * written. `plan` is asked again when somebody else published in between.
   */
  publish(plan: (current: Current) => Promise<Plan> | Plan): Promise<Current> {
    return this.#queue.run(async () => {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const current = await this.#open();
        const next = await this.#next(current, await plan(current));
        if (!next) return current;
        if (await this.#begin(current, next)) {
          const published = await this.#open();
          await this.#forgetKeys(current.state, published.state);
          return published;
        }
      }
      throw new ExportError('CONFLICT', `others publish ${this.place.name} all the time`, { retryable: true });
    });
  }

  async #open(): Promise<Current> {
    const { db, oci } = this.#options;
    const { name } = this.place;
    let publication = await newestPublication(db, name);
    if (this.#floor === undefined) {
      const floor = await highestVersion(oci);
      if (floor > (publication?.version ?? 0)) publication = (await this.#adopt(publication)) ?? publication;
      this.#floor = floor;
    }
    publication ??= await this.#create();
    const stored = await newestFiles(db, name, keptVersions);
    const files = stored.map(({ text, ...file }) => ({ ...file, bytes: Buffer.from(text) }));
    const state = stateOfFiles(files);
    // Somebody published between the two questions.
    if (state.timestamp.version !== publication.version) return this.#open();
    await this.#finish(publication, files);
    await this.firstRoot.keep(state.roots[0]?.bytes);
    return { state, files };
  }

  /** Ends the publication if nobody has, and puts right what is missing in the registry. */
  async #finish(publication: StoredPublication, files: readonly PublishedFile[]): Promise<void> {
    const { db, oci } = this.#options;
    const { name } = this.place;
    const manifest = storedManifest(publication.manifest);
    const isCommitted = publication.committedAt !== null;
    const latest = await oci.resolve('latest');
    if (isCommitted && latest?.digest === manifest.descriptor.digest) return;
    await this.#push(manifest, files, isCommitted ? undefined : publication.version);
    if (!isCommitted) await this.#commit(publication.version);
    const newest = await newestPublication(db, name);
    await tagPublication(oci, manifest, publication.version, newest?.version === publication.version);
    await retirePublications(db, name, oci, this.#options.clock.now());
  }

  /** Pushes what is new in a publication; everything when that is not enough, as in a registry that lost something. */
  async #push(manifest: StoredManifest, files: readonly PublishedFile[], version: number | undefined): Promise<void> {
    const { oci } = this.#options;
    if (version === undefined) return pushPublication(oci, manifest, files);
    const fresh = files.filter(({ publication }) => publication === version);
    try {
      await pushPublication(oci, manifest, fresh);
    } catch {
      await pushPublication(oci, manifest, files);
    }
  }

  #commit(version: number): Promise<void> {
    const { db, clock } = this.#options;
    const prunedBefore = formatSeconds(new Date(clock.now().getTime() - filesKeptMs));
    const publication = { repository: this.place.name, version, at: this.#now() };
    return commitPublication(db, publication, { prunedBefore, kept: keptVersions });
  }

  /** Begins the next publication; false when somebody else was quicker. */
  async #begin({ state, files }: Current, { state: next, targetFiles }: Next): Promise<boolean> {
    lintState(next, state);
    selfCheck(next, state, this.#options.clock.now());
    const known = new Set(files.map(({ role, version }) => `${role} ${version}`));
    const fresh = filesOfState(next).filter(({ role, version }) => !known.has(`${role} ${version}`));
    return this.#write(next, files, [...fresh, ...targetFiles]);
  }

  async #write(next: TufState, kept: readonly BundleFile[], fresh: readonly BundleFile[]): Promise<boolean> {
    const manifest = tufManifest(newestOf([...kept, ...fresh]), next.timestamp);
    try {
      await beginPublication(this.#options.db, {
        repository: this.place.name,
        version: next.timestamp.version,
        manifest: manifest.bytes.toString('utf8'),
        files: fresh.map(storedFile),
        at: this.#now(),
      });
      return true;
    } catch (error) {
      if (error instanceof ExportError && error.code === 'CONFLICT') return false;
      throw error;
    }
  }

  async #next({ state }: Current, { targetFiles = [], ...change }: Plan): Promise<Next | undefined> {
    const next = await composeNext(state, change, await this.composer());
    return next && { state: next, targetFiles };
  }

  /** What signs here now. */
  async composer(): Promise<Composer> {
    return {
      signers: await this.keys.signers(),
      lifetimes: this.settings,
      now: this.#options.clock.now(),
      floor: this.#floor ?? 0,
      stride: this.place.stride,
    };
  }

  async #create(): Promise<StoredPublication> {
    const { db } = this.#options;
    const { place, settings, keys } = this;
    const wasThere = await this.firstRoot.exists();
    // Whoever makes the repository writes its row before that file, so the row is asked for after it.
    const others = await newestPublication(db, place.name);
    if (others) return others;
    if (wasThere) throw this.firstRoot.lost();
    this.#floor ??= await highestVersion(this.#options.oci);
    const { targets, targetFiles } = this.#options.firstTargets?.() ?? { targets: {}, targetFiles: [] };
    const made = await firstPublication({ place, settings, keys, targets, composer: () => this.composer() });
    lintState(made.state);
    selfCheck(made.state, undefined, this.#options.clock.now());
    const isOurs = await this.#write(made.state, [], [...filesOfState(made.state), ...targetFiles]);
    if (!isOurs) await keys.forget(made.keyIds);
    const publication = await newestPublication(db, place.name);
    if (publication) return publication;
    throw new ExportError('INTERNAL', `the TUF repository ${place.name} could not be made`);
  }

  /**
   * The registry is ahead of the database, as after a restored backup: what it holds is taken over when it is ours, so
   * that no client is led back. Undefined when nothing there is.
   */
  async #adopt(before: StoredPublication | undefined): Promise<StoredPublication | undefined> {
    const { db, oci } = this.#options;
    const { name } = this.place;
    const held = (await newestFiles(db, name, Number.MAX_SAFE_INTEGER)).map(
      ({ role, version }) => `${role} ${version}`,
    );
    const isOurs = async ({ roots }: TufState): Promise<boolean> =>
      this.firstRoot.matches(roots[0]?.bytes, keyIdsOf({ roots }), await this.keys.signers());
    const found = await newestInRegistry(oci, before?.version ?? 0, isOurs);
    if (!found) return undefined;
    const fresh = found.files.filter(({ role, version }) => !held.includes(`${role} ${version}`));
    const { version } = found.state.timestamp;
    const manifest = found.manifest.bytes.toString('utf8');
    await beginPublication(db, { repository: name, version, manifest, files: fresh.map(storedFile), at: this.#now() });
    return newestPublication(db, name);
  }

  /** Private keys that the published documents name no more are of no use to us, and of some to a thief. */
  async #forgetKeys(before: TufState, now: TufState): Promise<void> {
    const named = new Set(keyIdsOf(now));
    await this.keys.forget(keyIdsOf(before).filter((id) => !named.has(id)));
  }

  #now(): string {
    return formatSeconds(this.#options.clock.now());
  }
}

type PublishedFile = BundleFile & { readonly publication: number };
type Next = { readonly state: TufState; readonly targetFiles: readonly BundleFile[] };

function storedManifest(text: string): StoredManifest {
  const bytes = Buffer.from(text);
  return { descriptor: describe(mediaTypes.ociManifest, bytes), bytes };
}

/** All roots, and of everything else the newest versions. */
function newestOf(files: readonly BundleFile[]): BundleFile[] {
  const newest = new Map<string, number>();
  for (const { role, version } of files) newest.set(role, Math.max(version, newest.get(role) ?? 0));
  return files
    .filter(({ role, version }) => role === 'root' || version > (newest.get(role) ?? 0) - keptVersions)
    .sort((a, b) => (a.role === b.role ? a.version - b.version : a.role < b.role ? -1 : 1));
}
