// What runs and ingests work with: storage, keys, compression threads, the way to other registries. Opened only by
// commands that work.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameInTenant } from '../access/roles.ts';
import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import type { Database } from '../db/database.ts';
import { evidenceStore } from '../db/evidence.ts';
import { pruneEvidence } from '../db/evidence-prune.ts';
import { isDatabaseFormat, isPointerLines } from '../evidence/database-pointer.ts';
import { ingest } from '../evidence/ingest.ts';
import type { IngestOptions, IngestProgress, IngestResult } from '../evidence/types.ts';
import { parseReference } from '../oci/reference.ts';
import { overlayRepository } from '../profiles/database/overlay.ts';
import { openCredentials } from '../registry/client/credentials.ts';
import { createHttp, type Http } from '../registry/client/http.ts';
import { remoteRepository } from '../registry/client/remote-repository.ts';
import type { RegistryStorage } from '../registry/storage/storage.ts';
import { sweep } from '../registry/storage/sweep.ts';
import { EncoderPool } from '../shard/encoder-pool.ts';
import { configuredSigner } from '../trust/configured-signer.ts';
import type { Post } from '../trust/http-signer.ts';
import { keyStore, type KeyStore } from '../trust/key-store.ts';
import type { TransparencyLog } from '../trust/log/transparency-log.ts';
import type { SigningPolicy } from '../trust/signing-policy.ts';
import { writeTrustFiles, type TrustFiles } from '../trust/trust-files.ts';
import type { Artifact } from './artifact.ts';
import type { RunResult } from './center.ts';
import { execute } from './execute.ts';
import type { OpenCenterOptions } from './open-center.ts';
import { repositoriesOf } from './profile-document.ts';
import { profileForRun } from './profile-store.ts';
import { ingestBundle, isBundlePlace } from './ingest-bundle.ts';
import type { SourceAccess } from './overlay/database-source.ts';
import { ingestDatabase } from './overlay/ingest-database.ts';
import { releaseOverlays } from './overlay/release-overlays.ts';
import { openRegistryStorage } from './registry-storage.ts';
import { retireStates } from './retention.ts';
import { sweepTemporary } from './sweep-temporary.ts';
import type { RunContext, RunTask } from './run-context.ts';
import { SharedTurns } from './shared-turns.ts';
import { openTrustDesk } from './trust-desk.ts';
import { VexRepositories } from './vex-repositories.ts';
import { TufDesk } from './tuf/tuf-desk.ts';

const defaultPublicUrl = 'http://localhost:8080';

export interface Workshop {
  readonly storage: RegistryStorage;
  readonly keys: KeyStore;
  readonly tuf: TufDesk;
  /** What signatures carry besides the signature. */
  readonly signingPolicy: SigningPolicy;
  /** What consumers configure cosign with; also below DIR/trust/. */
  readonly trustFiles: TrustFiles;
  /** Undefined when it is off. */
  readonly transparencyLog: TransparencyLog | undefined;
  readonly vex: VexRepositories;
  execute(tenant: string, task: RunTask): Promise<RunResult>;
  ingest(
    tenant: string,
    options: IngestOptions,
    onProgress?: (progress: IngestProgress) => void,
  ): Promise<IngestResult>;
  collectGarbage(dryRun: boolean): Promise<{ blobs: number; bytes: number }>;
  setPublicUrl(url: string): void;
  close(): Promise<void>;
}

export async function openWorkshop(db: Database, clock: Clock, options: OpenCenterOptions): Promise<Workshop> {
  const env = options.env ?? process.env;
  const network = { ca: options.ca, offline: options.offline, env };
  const http = createHttp(network);
  const credentials = openCredentials({ env });
  const { data, registry: place = {} } = options;
  const registry = await openRegistryStorage({ place, data, clock, network, env, credentials });
  const { storage } = registry;
  const post = postWith(http);
  const keys = keyStore(options.data, { external: await configuredSigner(env, post), clock });
  const encoders = new EncoderPool();
  const subjects = new SharedTurns(db, clock);
  const version = await productVersion();
  let publicUrl = options.publicUrl ?? defaultPublicUrl;
  const signs = storage.refusesClients === undefined;
  const trust = await openTrustDesk({ db, dataDir: options.data, clock, env, signs, post });
  await writeTrustFiles(options.data, trust.files);

  const sources: SourceAccess = {
    repository: (reference) => remoteRepository(reference, { http, credentials }),
    httpGet: (url, headers) => http.get(url, { headers }),
  };
  const tuf = new TufDesk({ db, clock, storage, data, trustFiles: () => trust.files, actor: options.actor ?? 'local' });
  const publishTargets = (tenant: string, name: string, artifacts: readonly Artifact[]): Promise<void> =>
    tuf.publishTargets({ tenant, name, repository: storage.repository(`${tenant}/${name}`), artifacts });

  function contextOf(tenant: string): RunContext {
    const store = evidenceStore(db, tenant, clock);
    return {
      db,
      tenant,
      reader: store,
      attributions: () => store.attributions(),
      repository: (name) => storage.repository(`${tenant}/${name}`),
      destination: (reference) => Promise.resolve(destination(reference)),
      sources,
      encoders,
      signers: () => keys.openSigners(),
      signingPolicy: trust.policy,
      ...(trust.keyless ? { keyless: trust.keyless } : {}),
      subjects,
      clock,
      tempDir: join(options.data, 'tmp'),
      publishTargets: async (artifacts) => {
        const byName = Map.groupBy(artifacts, ({ repository }) => nameInTenant(repository.name));
        for (const [name, own] of byName) await publishTargets(tenant, name, own);
      },
      registryHost: () => new URL(publicUrl).host,
      builderId: () => new URL(publicUrl).origin,
      version,
      compactsNow: options.compactsNow ?? (() => false),
    };
  }

  function destination(text: string): Awaited<ReturnType<RunContext['destination']>> {
    const { registry, repository, tag, digest } = parseReference(text);
    if (digest !== undefined) throw new ExportError('USAGE', `a destination takes a tag, not a digest: ${text}`);
    const remote = remoteRepository({ registry, repository }, { http, credentials });
    return { repository: remote, ...(tag === undefined ? {} : { tag }) };
  }

  async function takeIn(
    tenant: string,
    request: IngestOptions,
    onProgress: ((progress: IngestProgress) => void) | undefined,
  ): Promise<IngestResult> {
    const store = evidenceStore(db, tenant, clock);
    const environment = {
      clock,
      httpGet: sources.httpGet,
      tempDir: join(options.data, 'tmp'),
      ...(onProgress ? { onProgress } : {}),
    };
    const { format = '', from } = request;
    if (!isDatabaseFormat(format) || isPointerLines(from)) {
      if (await isBundlePlace(from)) return ingestBundle(store, request, { ...environment, sources });
      return ingest(store, request, environment);
    }
    refuseFront(storage);
    const overlays = storage.repository(`${tenant}/${overlayRepository}`);
    return ingestDatabase({ ...request, format }, { ...environment, ...sources, db, store, overlays, encoders });
  }

  return {
    storage,
    keys,
    tuf,
    signingPolicy: trust.policy,
    trustFiles: trust.files,
    transparencyLog: trust.log,
    vex: new VexRepositories({
      folder: join(options.data, 'vex'),
      tempDir: join(options.data, 'tmp'),
      encoders,
      reader: (tenant) => evidenceStore(db, tenant, clock),
    }),
    execute: async (tenant, task) => {
      refuseFront(storage);
      const profile = await profileForRun(db, tenant, task.request.profile, clock);
      const full = profile.name === 'mirror:delta' ? await profileForRun(db, tenant, 'mirror:full', clock) : profile;
      const context = contextOf(tenant);
      const result = await execute({ profile, full }, task, context);
      for (const name of repositoriesOf(profile)) {
        const { tags } = await retireStates(context.repository(name), name, { db, tenant, dryRun: false });
        if (tags.length > 0) await publishTargets(tenant, name, []);
      }
      return result;
    },
    ingest: (tenant, request, onProgress) => takeIn(tenant, request, onProgress),
    collectGarbage: async (dryRun) => {
      // What a front holds is somebody else's: only its cache is swept.
      const own = storage.refusesClients === undefined ? await storage.repositories() : [];
      for (const name of own) {
        const [tenant, ...rest] = name.split('/');
        const repository = rest.join('/');
        const retired = await retireStates(storage.repository(name), repository, {
          db,
          tenant: tenant as string,
          dryRun,
        });
        if (dryRun) continue;
        if (repository === overlayRepository) await releaseOverlays(storage.repository(name), db, tenant as string);
        if (retired.tags.length > 0) await publishTargets(tenant as string, repository, []);
        await evidenceStore(db, tenant as string, clock).dropCrashed();
        await pruneEvidence(db, tenant as string);
      }
      if (!dryRun) await sweepTemporary(join(options.data, 'tmp'), clock);
      const { blobs, bytes } = await sweep(storage, { clock, dryRun });
      return { blobs, bytes };
    },
    setPublicUrl: (url) => {
      publicUrl = url;
    },
    close: async () => {
      await encoders.close();
      await http.close();
      await registry.close();
    },
  };
}

/** How signers and authorities are asked; a repetition is up to whoever asks. */
function postWith(http: Http): Post {
  return async ({ maxAnswerBytes, ...request }) => {
    const response = await http.request({ method: 'POST', ...request });
    return { status: response.status, body: await response.bytes(maxAnswerBytes) };
  };
}

/** Exports have no place in a registry that only stands in front of another one. */
function refuseFront({ refusesClients }: RegistryStorage): void {
  if (refusesClients === undefined) return;
  throw new ExportError('DENIED', refusesClients, {
    hint: 'run exports on a service with a registry of its own, with --to for that registry',
  });
}

async function productVersion(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  return version;
}
