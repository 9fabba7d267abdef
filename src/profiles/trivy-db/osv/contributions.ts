// What one OSV record says of the rows of a Trivy database (docs/formats.md, "Rows of trivy:db"). Pure: the record, its
// collection and the snapshot's time decide everything.

import type { Json } from '../../../core/canonical-json.ts';
import { limits } from '../../../core/limits.ts';
import { wholeSeconds } from '../../../evidence/instant.ts';
import { rowKey, type Contribution, type LeaveOut } from '../../database/row.ts';
import { assess } from './assessment.ts';
import {
  dataSourceJson,
  distributionData,
  languageBucket,
  languageData,
  rankOfSource,
  redHatSource,
  type DataSource,
} from './data-sources.ts';
import { binariesOf, distributionAdvisory, isModular, rpmNames } from './distribution-rows.ts';
import { distributionOf, type Distribution } from './distributions.ts';
import { readOsv, type OsvAffected, type OsvDocument } from './document.ts';
import { identifiersOf, type Identifiers } from './identifiers.ts';
import { affectedVersions } from './intervals.ts';
import { constraintsOf } from './language-rows.ts';
import { languageOf, type Language } from './languages.ts';
import type { LeftOutCode } from './left-out.ts';
import { contentSetKey, contentSetsOf, cpeKey, cpeNumber, cpeOf, redHatBucket, redHatValue } from './red-hat.ts';
import { rpmScheme } from '../versions/distribution.ts';
import { vulnerabilityRow } from './vulnerability-row.ts';

export type OsvRecord = {
  /** The record's collection, which names its data source when no known feed does. */
  readonly c: string;
  readonly v: Json;
};

export type OsvOptions = {
  /** The state's `created`: what is withdrawn by then is left out. */
  readonly snapshot: string;
  readonly leaveOut: LeaveOut;
};

/** The contributions of `record`, in no order. */
export function osvContributions(record: OsvRecord, options: OsvOptions): Contribution[] {
  const document = readOsv(record.v);
  const withdrawn = wholeSeconds(document.withdrawn);
  if (withdrawn !== '' && withdrawn <= options.snapshot) {
    options.leaveOut('withdrawn' satisfies LeftOutCode);
    return [];
  }
  return new RecordConversion(document, record.c, options.leaveOut).run();
}

/** All entries of one package in one bucket. */
type Group<Place> = { readonly place: Place; readonly names: readonly string[]; readonly entries: OsvAffected[] };

class RecordConversion {
  readonly #document: OsvDocument;
  readonly #c: string;
  readonly #ids: Identifiers;
  readonly #leaveOut: LeaveOut;
  readonly #out: Contribution[] = [];
  readonly #sources = new Map<string, DataSource>();
  /** Sources that speak in this record, with the entries they speak of. */
  readonly #speaking = new Map<string, OsvAffected[]>();

  constructor(document: OsvDocument, c: string, leaveOut: LeaveOut) {
    this.#document = document;
    this.#c = c;
    this.#ids = identifiersOf(document);
    this.#leaveOut = leaveOut;
  }

  run(): Contribution[] {
    const languages = new Groups<Language>();
    const distributions = new Groups<Distribution>();
    const redHat: OsvAffected[] = [];
    for (const entry of this.#document.affected) {
      if (entry.ecosystem === '' && entry.name === '' && entry.hasGitRange) {
        this.#tell('git-range-only');
      } else if (!isKeyPart(entry.name) || this.#document.id === '') {
        this.#tell('package-not-named');
      } else {
        this.#sort(entry, languages, distributions, redHat);
      }
    }
    for (const group of languages.all()) this.#language(group);
    for (const group of distributions.all()) this.#distribution(group);
    this.#redHat(redHat);
    this.#dataSources();
    this.#vulnerabilities();
    return this.#out;
  }

  #sort(
    entry: OsvAffected,
    languages: Groups<Language>,
    distributions: Groups<Distribution>,
    redHat: OsvAffected[],
  ): void {
    const language = languageOf(entry.ecosystem);
    const distribution = distributionOf(entry.ecosystem);
    if (language !== undefined) {
      languages.add(language.prefix, language, language.names(entry.name), entry);
    } else if (distribution !== undefined) {
      for (const binary of binariesOf(entry)) this.#distributionEntry(binary, distribution, distributions);
    } else if (cpeOf(entry.ecosystem) !== undefined) {
      redHat.push(entry);
    } else {
      this.#tell('ecosystem-not-scanned');
    }
  }

  #distributionEntry(entry: OsvAffected, place: Distribution, groups: Groups<Distribution>): void {
    const modular = (place.source === 'alma' || place.source === 'rocky') && isModular(entry);
    const names = rpmNames(entry.name, this.#document.summary, modular);
    if (names === undefined) this.#tell('module-stream-unknown');
    else groups.add(place.bucket, place, names, entry);
  }

  #language({ place, names, entries }: Group<Language>): void {
    const affected = affectedVersions(entries, place.scheme);
    if (affected.unreadable > 0) this.#tell('version-not-expressible', affected.unreadable);
    const constraints = constraintsOf(affected, place.scheme);
    if (constraints === undefined) {
      if (affected.unreadable === 0)
        this.#tell(entries.some((e) => e.hasGitRange) ? 'git-range-only' : 'nothing-affected');
      return;
    }
    const source = languageData(this.#document.id, this.#c, place);
    const { vendor } = this.#ids;
    const value = vendor.length === 0 ? constraints : { ...constraints, VendorIDs: [...vendor] };
    this.#advisories(languageBucket(place, source), names, this.#ids.keys, value);
    this.#speaks(languageBucket(place, source), source, entries);
  }

  #distribution({ place, names, entries }: Group<Distribution>): void {
    const advisory = distributionAdvisory(entries, place, (code, count) => this.#tell(code, count));
    if (advisory === undefined) return;
    const source = distributionData(place.source);
    const errata = this.#ids.vendor.filter((id) => /^(?:DSA|DLA)-/.test(id));
    const { severity } = assess(this.#document, entries);
    const value = {
      ...(place.source === 'debian' && errata.length > 0 ? { VendorIDs: errata } : {}),
      // Trivy looks the severity of a derived feed up under the base's name; in the row it is the feed's own.
      ...(place.source.startsWith('rootio') && severity > 0 ? { Severity: severity } : {}),
      ...advisory,
    };
    this.#advisories(place.bucket, names, this.#keys(place), value);
    this.#speaks(place.bucket, source, entries);
  }

  #keys(place: Distribution): readonly string[] {
    return place.ownKey === true ? [this.#document.id] : this.#ids.keys;
  }

  #redHat(entries: readonly OsvAffected[]): void {
    const cpes = new Map<string, Set<string>>();
    for (const entry of entries) {
      const cpe = cpeOf(entry.ecosystem) ?? '';
      const sets = contentSetsOf(cpe);
      const names = rpmNames(entry.name, this.#document.summary, isModular(entry));
      const fix = affectedVersions([entry], rpmScheme).intervals.find(({ end }) => end?.kind === 'fixed')?.end?.version;
      if (sets.length === 0) this.#tell('content-set-unknown');
      else if (names === undefined) this.#tell('module-stream-unknown');
      else if (fix === undefined) this.#tell('fix-not-known');
      else {
        for (const name of names) {
          const at = rowKey(name, fix);
          cpes.set(at, (cpes.get(at) ?? new Set()).add(cpe));
        }
      }
    }
    for (const [at, found] of cpes) this.#redHatAdvisory(at, [...found].sort());
    if (cpes.size > 0) this.#speaks(redHatBucket, redHatSource, [...entries]);
  }

  #redHatAdvisory(at: string, cpes: readonly string[]): void {
    const [name = '', fixedVersion = ''] = at.split('\u001f');
    const { severity } = assess(this.#document, []);
    const entry = { cves: this.#ids.keys, severity, cpes, fixedVersion };
    this.#advisories(redHatBucket, [name], [this.#document.id], redHatValue(entry));
    for (const cpe of cpes) {
      this.#put(cpeKey(cpe), redHatRank, cpe);
      for (const set of contentSetsOf(cpe)) this.#put(contentSetKey(set), redHatRank, [cpeNumber(cpe)]);
    }
  }

  #advisories(bucket: string, names: readonly string[], ids: readonly string[], value: Json): void {
    // What is written of one vulnerability (DEBIAN-CVE-…) knows it better than an erratum about several.
    const rank = this.#ids.keys.some((id) => this.#document.id.endsWith(id)) ? 120 : 110;
    for (const name of names) for (const id of ids) this.#put(rowKey(bucket, name, id), rank, value);
  }

  #speaks(bucket: string, source: DataSource, entries: readonly OsvAffected[]): void {
    this.#sources.set(bucket, source);
    const id = bucket === redHatBucket ? 'redhat' : source.ID;
    this.#speaking.set(id, [...(this.#speaking.get(id) ?? []), ...entries]);
  }

  #dataSources(): void {
    for (const [bucket, source] of this.#sources) {
      this.#put(rowKey('data-source', bucket), rankOfSource(source.ID), dataSourceJson(source));
    }
  }

  #vulnerabilities(): void {
    const published = instantOf(this.#document.published);
    const modified = instantOf(this.#document.modified);
    let unreadable = 0;
    for (const [sourceId, entries] of this.#speaking) {
      const assessment = assess(this.#document, entries);
      unreadable = Math.max(unreadable, assessment.unreadable);
      const row = vulnerabilityRow(this.#document, sourceId, assessment, { published, modified });
      const ids = sourceId === 'suse-cvrf' ? [this.#document.id] : this.#ids.keys;
      for (const id of ids) this.#put(rowKey('vulnerability', id), rankOfSource(sourceId), row);
    }
    if (unreadable > 0) this.#tell('severity-not-read', unreadable);
  }

  #put(k: string, rank: number, v: Json): void {
    if (Buffer.byteLength(k) > limits.keyBytes) this.#tell('key-too-long');
    else this.#out.push({ k, rank, v });
  }

  #tell(code: LeftOutCode, count?: number): void {
    this.#leaveOut(code, count);
  }
}

const redHatRank = 100;

/** Affected entries by the place and names that they become rows under. */
class Groups<Place> {
  readonly #groups = new Map<string, Group<Place>>();

  add(bucket: string, place: Place, names: readonly string[], entry: OsvAffected): void {
    const at = rowKey(bucket, ...names);
    const group = this.#groups.get(at);
    if (group === undefined) this.#groups.set(at, { place, names, entries: [entry] });
    else group.entries.push(entry);
  }

  all(): Iterable<Group<Place>> {
    return this.#groups.values();
  }
}

/** What may be a key of a row: not empty, and without control characters, one of which parts the keys. */
function isKeyPart(name: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return name !== '' && !/[\u0000-\u001f\u007f]/.test(name);
}

/** As Go reads it; the first instant of its calendar stands for none. */
function instantOf(text: string): string {
  const instant = wholeSeconds(text);
  return instant.startsWith('0001-01-01') ? '' : instant;
}
