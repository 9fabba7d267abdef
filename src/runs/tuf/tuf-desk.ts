// All TUF repositories of an installation: what runs publish, what the service renews, what the operator asks for.

import { sha256 } from '../../core/digest.ts';
import type { Clock } from '../../core/clock.ts';
import { ExportError, toExportError } from '../../core/errors.ts';
import { addAudit } from '../../db/audit.ts';
import type { Database } from '../../db/database.ts';
import { tufRepositories } from '../../db/tuf.ts';
import type { RegistryStorage } from '../../registry/storage/storage.ts';
import type { TrustFiles } from '../../trust/trust-files.ts';
import { keyFolder } from '../../trust/tuf/key-folder.ts';
import { newestRoot } from '../../trust/tuf/lint-state.ts';
import type { TargetsContent } from '../../trust/tuf/compose.ts';
import type { TufState } from '../../trust/tuf/types.ts';
import type { Actor } from '../access-center.ts';
import { defaultTenant } from '../../access/tenant-name.ts';
import { draftRoot, draftTargets, planDraft, readDraft } from './ceremony.ts';
import { composeKit } from './kit.ts';
import { kitOf, trustRepository, tufPlace } from './place.ts';
import type { FirstTargets } from './first-publication.ts';
import { TufRepository, type Current, type Plan } from './repository.ts';
import { readTufSettings, type RepositoryKind } from './role-settings.ts';
import { planRunTargets, type RunTargets } from './run-targets.ts';
import { firstTrustTargets, newTargetFiles, planTrustTargets, trustEntries } from './trust-targets.ts';
import { expiriesOf, summaryOf, type RoleExpiry } from './tuf-summary.ts';
import type { TufCenter, TufDraftRequest, TufKit, TufSummary } from './tuf-center.ts';

export type TufExpiry = RoleExpiry & { readonly kind: RepositoryKind };

export type TufDeskOptions = {
  readonly db: Database;
  readonly clock: Clock;
  readonly storage: RegistryStorage;
  /** The data folder. */
  readonly data: string;
  /** What the public repository hands out, as it is now. */
  readonly trustFiles: () => TrustFiles;
  /** Who acts where a call does not say. */
  readonly actor: Actor;
};

export class TufDesk implements TufCenter {
  readonly #options: TufDeskOptions;
  readonly #repositories = new Map<string, Promise<TufRepository>>();
  /** By repository, as of what this process published, or found to be current, last. */
  readonly #expiries = new Map<string, readonly TufExpiry[]>();

  constructor(options: TufDeskOptions) {
    this.#options = options;
  }

  /** Makes the public repository and that of the default tenant, and renews all that is there. */
  async ensure(onFailure: (error: ExportError) => void): Promise<void> {
    await this.renew(onFailure, [trustRepository, defaultTenant]);
  }

  /** Publishes what would expire soon, in every repository; one that fails does not keep the others from it. */
  async renew(onFailure: (error: ExportError) => void, also: readonly string[] = []): Promise<void> {
    const names = new Set([...also, ...(await tufRepositories(this.#options.db))]);
    for (const name of names) {
      // A kit is published when somebody takes one along; far from us nothing is renewed by us.
      if (tufPlace(name, this.#options.data).kind === 'kit') continue;
      await this.#publishDue(name).catch((error: unknown) => onFailure(toExportError(error)));
    }
  }

  /** Makes the tags of a run targets, and takes those away whose tags are gone. */
  async publishTargets(run: RunTargets): Promise<void> {
    const repository = await this.#repository(run.tenant);
    const { keys } = repository;
    const { db } = this.#options;
    await this.#publish(repository, async ({ state }) => planRunTargets(state, run, db, await keys.signers()));
  }

  /** Until when all metadata is good, as of the last renewals and publications of this process. */
  expiries(): TufExpiry[] {
    return [...this.#expiries.values()].flat();
  }

  async show(name: string): Promise<TufSummary> {
    const repository = await this.#repository(name);
    return this.#summary(repository, await this.#find(repository));
  }

  async init(name: string, actor?: Actor): Promise<TufSummary> {
    const repository = await this.#repository(name);
    const isNew = (await repository.find()) === undefined;
    const current = await this.#publishDue(name);
    if (isNew) await this.#audit('tuf.init', name, {}, actor);
    return this.#summary(repository, current);
  }

  async draft(name: string, { role, newOnlineKeys }: TufDraftRequest, actor?: Actor): Promise<string> {
    const repository = await this.#repository(name);
    const { settings, keys } = repository;
    const options = { settings, keys, now: this.#options.clock.now() };
    const { state } = await this.#find(repository);
    const signed =
      role === 'root'
        ? await draftRoot(state, newOnlineKeys, options)
        : await draftTargets(state, this.#targetsFor(repository, state), newOnlineKeys, options);
    await this.#audit('tuf.draft', name, { role, version: signed.version, newOnlineKeys }, actor);
    return `${JSON.stringify({ signatures: [], signed }, null, 2)}\n`;
  }

  async publish(name: string, draft?: string, actor?: Actor): Promise<TufSummary> {
    const repository = await this.#repository(name);
    const current = draft === undefined ? await this.#publishDue(name) : await this.#publishDraft(repository, draft);
    await this.#audit('tuf.publish', name, { publication: current.state.timestamp.version }, actor);
    return this.#summary(repository, current);
  }

  async kit(tenant: string, actor?: Actor): Promise<TufKit> {
    const source = await this.#find(await this.#repository(tenant));
    const repository = await this.#repository(kitOf(tenant));
    const kit = await composeKit(repository, {
      source: source.state,
      repository: (name) => this.#options.storage.repository(`${tenant}/${name}`),
      trust: this.#options.trustFiles(),
    });
    await this.#audit('tuf.kit', tenant, { publication: kit.publication, expires: kit.expires }, actor);
    return kit;
  }

  async #publishDue(name: string): Promise<Current> {
    const repository = await this.#repository(name);
    const { keys, place } = repository;
    return this.#publish(repository, async (current): Promise<Plan> => {
      if (place.kind !== 'trust') return {};
      return planTrustTargets(current, this.#options.trustFiles(), await keys.signers());
    });
  }

  async #publishDraft(repository: TufRepository, text: string): Promise<Current> {
    const { state } = await this.#find(repository);
    const draft = await readDraft(text, state, repository.keys);
    return this.#publish(repository, (current) => {
      const plan = planDraft(current.state, draft);
      if (repository.place.kind !== 'trust' || draft.signed._type !== 'targets') return plan;
      return { ...plan, targetFiles: newTargetFiles(current, draft.signed.targets, this.#options.trustFiles()) };
    });
  }

  async #publish(repository: TufRepository, plan: Parameters<TufRepository['publish']>[0]): Promise<Current> {
    const current = await repository.publish(plan);
    const { name, kind } = repository.place;
    // A kit is not renewed by us, so nobody can do anything about its expiry here.
    if (kind !== 'kit')
      this.#expiries.set(
        name,
        expiriesOf(current.state).map((expiry) => ({ kind, ...expiry })),
      );
    return current;
  }

  /** What the next targets of the top-level role list: in the public repository what it has to hand out now. */
  #targetsFor({ place }: TufRepository, { targets }: TufState): TargetsContent {
    return place.kind === 'trust' ? { targets: trustEntries(this.#options.trustFiles()) } : targets.envelope.signed;
  }

  async #find(repository: TufRepository): Promise<Current> {
    const found = await repository.find();
    if (found) return found;
    throw new ExportError('NOT_FOUND', `there is no TUF repository ${repository.place.name} yet`, {
      hint: `make it with \`export-center tuf init --repository ${repository.place.name}\``,
    });
  }

  async #summary(repository: TufRepository, { state }: Current): Promise<TufSummary> {
    const { firstRoot, place } = repository;
    const first = state.roots[0]?.bytes ?? Buffer.alloc(0);
    return {
      repository: place.name,
      publication: state.timestamp.version,
      rootFile: firstRoot.path,
      rootSha256: sha256(first).toString('hex'),
      roles: summaryOf(state, newestRoot(state).envelope.signed, await repository.keys.signers()),
    };
  }

  #repository(name: string): Promise<TufRepository> {
    const { data, storage, db, clock } = this.#options;
    const place = tufPlace(name, data);
    const opened =
      this.#repositories.get(name) ??
      readTufSettings(data).then((settings) => {
        const [keys, oci] = [keyFolder(place.keyDir), storage.repository(place.ociName)];
        const firstTargets = (): FirstTargets => firstTrustTargets(this.#options.trustFiles());
        const options = { place, settings: settings[place.kind], keys, oci, db, clock };
        return new TufRepository(place.kind === 'trust' ? { ...options, firstTargets } : options);
      });
    // A failure is not kept: the file of settings may be put right.
    this.#repositories.set(name, opened);
    opened.catch(() => this.#repositories.delete(name));
    return opened;
  }

  #audit(action: string, target: string, detail: { readonly [name: string]: unknown }, actor?: Actor): Promise<void> {
    const { db, clock, actor: own } = this.#options;
    return addAudit(db, { actor: actor ?? own, action, target, detail }, clock);
  }
}
