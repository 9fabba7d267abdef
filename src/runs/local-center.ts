// The Center over a data folder. Thin: each method is one question to the rooms below.

import { randomUUID } from 'node:crypto';
import type { AccessSource } from '../access/access-source.ts';
import { rememberedSource, type RememberedSource } from '../access/remembered-source.ts';
import { canonicalJson, type Json } from '../core/canonical-json.ts';
import type { Clock } from '../core/clock.ts';
import { ExportError, toExportError } from '../core/errors.ts';
import { addAudit } from '../db/audit.ts';
import type { Database } from '../db/database.ts';
import { evidenceStore, type EvidenceStore } from '../db/evidence.ts';
import { insertRun, requestCancel, runById, runEventsAfter, runsOf, type RunRow } from '../db/runs.ts';
import type { IngestOptions, IngestProgress, IngestResult, SourceSummary } from '../evidence/types.ts';
import type { ScrubProgress, ScrubReport } from '../registry/storage/scrub.ts';
import type { RegistryStorage } from '../registry/storage/storage.ts';
import type { KeyStore } from '../trust/key-store.ts';
import type { SigningPolicy } from '../trust/signing-policy.ts';
import type { TransparencyLog } from '../trust/log/transparency-log.ts';
import type { TrustFiles } from '../trust/trust-files.ts';
import type { Actor } from './access-center.ts';
import { AccessDesk, requireTenant } from './access-desk.ts';
import { DatabaseAccessSource } from './access-source.ts';
import type {
  Center,
  EvidenceDocument,
  KeyRotation,
  KeySummary,
  ProfileRevision,
  RejectionRecord,
  RunEvent,
  RunRecord,
  RunRequest,
  ScrubRequest,
} from './center.ts';
import { Bell } from './bell.ts';
import type { OpenCenterOptions } from './open-center.ts';
import { isDatabase } from './profile-document.ts';
import { listProfiles, putProfile, showProfile } from './profile-store.ts';
import { isEnded, RunQueue } from './run-queue.ts';
import type { VexArchive } from './vex-repositories.ts';
import { keepHouse } from './housekeeping.ts';
import { lazyTuf } from './tuf/lazy-tuf.ts';
import type { TufExpiry } from './tuf/tuf-desk.ts';
import { tufFiles, type TufFiles } from './tuf/tuf-files.ts';
import { KeyDesk } from './key-desk.ts';
import { once } from './once.ts';
import { runEventOf, runRecordOf } from './run-record.ts';

/** Far more often than anything expires. */
const renewalTiming = { firstAfterMs: 600_000, everyMs: 600_000 };

export class LocalCenter implements Center {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #options: OpenCenterOptions;
  readonly #closing = new AbortController();
  readonly #background = new Set<Promise<unknown>>();
  readonly #workshop = once(async () => {
    const { openWorkshop } = await import('./workshop.ts');
    return openWorkshop(this.#db, this.#clock, this.#options);
  });
  readonly #queue: RunQueue;
  /** Runs whose outcome could not be written down, such as on a full disk; who waits for them is told. */
  readonly #lost = new Map<string, ExportError>();
  /** Rings when a run of this process has a new event. */
  readonly #news = new Bell();
  readonly #accessRecords: DatabaseAccessSource;
  readonly #accessSource: RememberedSource;
  readonly #keyDesk: KeyDesk;
  readonly access: AccessDesk;
  readonly tuf = lazyTuf(async () => (await this.#workshop()).tuf);

  constructor(db: Database, clock: Clock, options: OpenCenterOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#options = options;
    this.#accessRecords = new DatabaseAccessSource(db, clock);
    this.#accessSource = rememberedSource(this.#accessRecords, clock);
    const actor = this.#actor();
    this.access = new AccessDesk({ db, clock, actor, onChange: () => this.#accessSource.forget() });
    const store = async (): Promise<KeyStore> => (await this.#workshop()).keys;
    const policy = async (): Promise<SigningPolicy> => (await this.#workshop()).signingPolicy;
    this.#keyDesk = new KeyDesk({ db, clock, actor, store, policy });
    this.#queue = new RunQueue({
      db,
      clock,
      onEvent: () => this.#news.ring(),
      execute: async (tenant, task) => (await this.#workshop()).execute(tenant, task),
      ...(options.onRunFailure ? { onFailure: options.onRunFailure } : {}),
    });
  }

  /** The own registry's storage, for the server that shares this process. */
  async registryStorage(): Promise<RegistryStorage> {
    return (await this.#workshop()).storage;
  }

  /** The transparency log, unless it is off. */
  async transparencyLog(): Promise<TransparencyLog | undefined> {
    return (await this.#workshop()).transparencyLog;
  }

  /** The VEX repository of a tenant, for the server that shares this process. */
  async vexArchive(tenant: string): Promise<VexArchive> {
    await requireTenant(this.#db, tenant);
    return (await this.#workshop()).vex.archive(tenant);
  }

  /** Tokens and rules, for the doors of the servers that share this process. */
  accessSource(): AccessSource {
    return this.#accessSource;
  }

  /** The address that results and signatures name, once the service knows it. */
  async setPublicUrl(url: string): Promise<void> {
    (await this.#workshop()).setPublicUrl(url);
  }

  /** Makes the key that signs, unless one is there or brought along; so its public half can be handed out before a run. */
  async ensureSigningKey(): Promise<void> {
    await this.#keyDesk.ensure();
  }

  /** Makes the TUF repositories of a new folder, and renews what is there; a failure is told and tried again later. */
  async ensureTrust(): Promise<void> {
    await this.#renewTrust();
  }

  async #renewTrust(): Promise<void> {
    const { tuf, storage } = await this.#workshop();
    if (storage.refusesClients !== undefined) return;
    await tuf.ensure((error) => this.#options.onRunFailure?.('renewal of TUF metadata', error));
  }

  /** What is published in TUF repositories, for the server that shares this process. */
  tufFiles(): TufFiles {
    return tufFiles(this.#db);
  }

  /** Until when the TUF repositories are good that this process publishes. */
  async tufExpiries(): Promise<TufExpiry[]> {
    return (await this.#workshop()).tuf.expiries();
  }

  /** Executes queued runs, and collects garbage now and then, until `signal` aborts. */
  async work(signal: AbortSignal): Promise<void> {
    const collect = () => this.collectGarbage({ dryRun: false });
    const onFailure = (error: ExportError) => this.#options.onRunFailure?.('garbage collection', error);
    const renew = async (): Promise<void> => this.#renewTrust();
    await Promise.all([
      this.#queue.work(signal),
      keepHouse(collect, onFailure, signal),
      keepHouse(renew, onFailure, signal, renewalTiming),
    ]);
  }

  /** Throws unless the database answers. */
  async ping(): Promise<void> {
    await this.#db.query('select 1 as one');
  }

  async ingest(
    tenant: string,
    options: IngestOptions,
    onProgress?: (progress: IngestProgress) => void,
  ): Promise<IngestResult> {
    await requireTenant(this.#db, tenant);
    return (await this.#workshop()).ingest(tenant, options, onProgress);
  }

  async evidenceSources(tenant: string): Promise<SourceSummary[]> {
    await requireTenant(this.#db, tenant);
    return this.#evidence(tenant).sources();
  }

  async evidenceDocument(tenant: string, source: string, path: string): Promise<EvidenceDocument> {
    return this.#evidence(tenant).document(source, path);
  }

  async evidenceRejections(tenant: string, source?: string): Promise<RejectionRecord[]> {
    await requireTenant(this.#db, tenant);
    const all: RejectionRecord[] = [];
    for await (const page of this.#evidence(tenant).rejections(source)) all.push(...page);
    return all;
  }

  async profiles(tenant: string): Promise<ProfileRevision[]> {
    await requireTenant(this.#db, tenant);
    return listProfiles(this.#db, tenant);
  }

  profile(tenant: string, name: string): Promise<ProfileRevision[]> {
    return showProfile(this.#db, tenant, name);
  }

  putProfile(tenant: string, document: unknown, actor?: Actor): Promise<ProfileRevision> {
    return this.#db.transaction(async (tx) => {
      await requireTenant(tx, tenant);
      const profile = await putProfile(tx, tenant, document, this.#clock);
      const { name, revision } = profile;
      const entry = { actor: actor ?? this.#actor(), action: 'profile.put', tenant, target: name };
      await addAudit(tx, { ...entry, detail: { revision } }, this.#clock);
      return profile;
    });
  }

  async startRun(tenant: string, request: RunRequest): Promise<RunRecord> {
    await requireTenant(this.#db, tenant);
    const [profile] = await showProfile(this.#db, tenant, request.profile);
    if (profile?.kind === 'mirror:delta' && request.base === 'none') {
      throw new ExportError('USAGE', 'a delta needs a base', {
        hint: 'for a layout without history: run mirror:full --base none',
      });
    }
    if (request.compare !== undefined && !isDatabase(profile?.kind ?? '')) {
      throw new ExportError('USAGE', 'only databases can be compared', { hint: 'such as run trivy:db --compare REF' });
    }
    const row = await insertRun(this.#db, {
      id: `run-${randomUUID()}`,
      tenant,
      profile: request.profile,
      request: JSON.stringify(request),
      idempotencyKey: request.idempotencyKey ?? null,
      createdAt: this.#clock.now().toISOString(),
    });
    refuseOtherRequest(row, request);
    if (this.#options.service !== true && !isEnded(row.state)) this.#executeSoon(tenant, row.id);
    this.#queue.wake();
    return runRecordOf(row);
  }

  #executeSoon(tenant: string, id: string): void {
    const { signal } = this.#closing;
    const work = (async () => {
      while (!signal.aborted && !isEnded((await this.#row(tenant, id)).state)) {
        if (!(await this.#queue.workOnce(signal, id))) await pause(200);
      }
    })();
    const settled: Promise<unknown> = work
      .catch((thrown: unknown) => {
        const error = toExportError(thrown);
        this.#lost.set(id, error);
        this.#options.onRunFailure?.(id, error);
      })
      .finally(() => this.#background.delete(settled));
    this.#background.add(settled);
  }

  async run(tenant: string, id: string): Promise<RunRecord> {
    return runRecordOf(await this.#row(tenant, id));
  }

  async runs(tenant: string, limit = 50): Promise<RunRecord[]> {
    await requireTenant(this.#db, tenant);
    return (await runsOf(this.#db, tenant, limit)).map(runRecordOf);
  }

  async *runEvents(tenant: string, id: string, after = 0, signal?: AbortSignal): AsyncGenerator<RunEvent> {
    let last = after;
    for (;;) {
      const wait = this.#news.listen();
      // The state is read first, so that an end that it tells has its events written already.
      const { state } = await this.#row(tenant, id);
      const events = await runEventsAfter(this.#db, id, last);
      for (const event of events) yield runEventOf(event);
      last = events.at(-1)?.sequence ?? last;
      if (events.length === 0) {
        if (isEnded(state) || signal?.aborted === true) return;
        const lost = this.#lost.get(id);
        if (lost) throw lost;
        await wait(100);
      }
    }
  }

  async cancelRun(tenant: string, id: string): Promise<RunRecord> {
    await this.#row(tenant, id);
    await requestCancel(this.#db, tenant, id, this.#clock.now().toISOString());
    return this.run(tenant, id);
  }

  async trustFiles(): Promise<TrustFiles> {
    return (await this.#workshop()).trustFiles;
  }

  keys(): Promise<KeySummary[]> {
    return this.#keyDesk.list();
  }

  generateKey(rotation?: KeyRotation, actor?: Actor): Promise<KeySummary> {
    return this.#keyDesk.generate(rotation, actor);
  }

  importKey(text: string, password?: string, rotation?: KeyRotation, actor?: Actor): Promise<KeySummary> {
    return this.#keyDesk.import(text, password, rotation, actor);
  }

  activateKey(id: string, rotation?: KeyRotation & { readonly coSign?: boolean }, actor?: Actor): Promise<KeySummary> {
    return this.#keyDesk.activate(id, rotation, actor);
  }

  retireKey(id: string, actor?: Actor): Promise<KeySummary> {
    return this.#keyDesk.retire(id, actor);
  }

  signFile(content: Buffer, actor?: Actor): Promise<Buffer> {
    return this.#keyDesk.signFile(content, actor);
  }

  async collectGarbage({ dryRun }: { readonly dryRun: boolean }): Promise<{ blobs: number; bytes: number }> {
    return (await this.#workshop()).collectGarbage(dryRun);
  }

  async scrub(options: ScrubRequest, onProgress?: (progress: ScrubProgress) => void): Promise<ScrubReport> {
    const { storage } = await this.#workshop();
    const { scrub } = await import('../registry/storage/scrub.ts');
    return scrub(storage, { ...options, clock: this.#clock, ...(onProgress ? { onProgress } : {}) });
  }

  /** Waits for runs that this process executes, then closes everything. */
  async close(): Promise<void> {
    while (this.#background.size > 0) await Promise.allSettled(this.#background);
    this.#closing.abort();
    if (this.#workshop.started()) await (await this.#workshop()).close();
    await this.#accessRecords.settle();
    await this.#db.close();
  }

  #actor(): Actor {
    return this.#options.actor ?? 'local';
  }

  #evidence(tenant: string): EvidenceStore {
    return evidenceStore(this.#db, tenant, this.#clock);
  }

  async #row(tenant: string, id: string): Promise<RunRow> {
    const row = await runById(this.#db, tenant, id);
    if (row) return row;
    throw new ExportError('NOT_FOUND', `no run ${id}`, { hint: 'see `export-center runs list`' });
  }
}

/** An idempotency key belongs to one request. */
function refuseOtherRequest(row: RunRow, request: RunRequest): void {
  // Members come in another order from a service than from the command line.
  if (canonicalJson(JSON.parse(row.request) as Json) === canonicalJson(request)) return;
  throw new ExportError('CONFLICT', `the idempotency key ${request.idempotencyKey} was used for another request`, {
    hint: 'use a new key for a new request',
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
