// Where everything lies in a storage folder. No database: content by digest, and small link files that say what is in
// which repository. Every name maps one to one onto a key of an object storage.
//
//   blobs/<alg>/<xx>/<hex>                            content, manifests too
//   repositories/<name>/_blobs/<alg>-<hex>            empty: this blob belongs to the repository
//   repositories/<name>/_manifests/<alg>-<hex>        {"mediaType","size"}
//   repositories/<name>/_tags/<tag>                   the digest
//   repositories/<name>/_referrers/<alg>-<hex of the subject>/<alg>-<hex>   the referrer's descriptor
//   repositories/<name>/_deleted/<alg>-<hex>          empty: a manifest that was here once
//   repositories/<name>/_uploads/<uuid>               bytes received so far
//   quarantine/<alg>-<hex>                            content that the scrub took aside
//   tmp/<uuid>                                        files being written, and files being removed
//
// A component of a repository's name cannot begin with "_", so names and parts never meet.

import { join } from 'node:path';
import { digestAlgorithm, digestHex, isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { isRepositoryName, isTag } from '../../oci/reference.ts';

const uploadId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export class DiskPaths {
  readonly blobs: string;
  readonly repositories: string;
  readonly quarantine: string;
  readonly temporary: string;

  constructor(root: string) {
    this.blobs = join(root, 'blobs');
    this.repositories = join(root, 'repositories');
    this.quarantine = join(root, 'quarantine');
    this.temporary = join(root, 'tmp');
  }

  blob(digest: Digest): string {
    const hex = digestHex(digest);
    return join(this.blobs, digestAlgorithm(digest), hex.slice(0, 2), hex);
  }

  quarantined(digest: Digest): string {
    return join(this.quarantine, fileOfDigest(digest));
  }

  /** Throws INPUT_INVALID for a name that the specification does not allow; no other name reaches the disk. */
  repository(name: string): RepositoryPaths {
    if (!isRepositoryName(name)) {
      throw new ExportError('INPUT_INVALID', `not a repository name: ${JSON.stringify(name.slice(0, 300))}`);
    }
    return new RepositoryPaths(join(this.repositories, name));
  }
}

export class RepositoryPaths {
  readonly root: string;
  readonly tags: string;
  readonly manifests: string;
  readonly blobs: string;
  readonly deleted: string;
  readonly uploads: string;

  constructor(root: string) {
    this.root = root;
    this.tags = join(root, '_tags');
    this.manifests = join(root, '_manifests');
    this.blobs = join(root, '_blobs');
    this.deleted = join(root, '_deleted');
    this.uploads = join(root, '_uploads');
  }

  tag(tag: string): string {
    if (!isTag(tag)) throw new ExportError('INPUT_INVALID', `not a tag: ${JSON.stringify(tag.slice(0, 200))}`);
    return join(this.tags, tag);
  }

  manifest(digest: Digest): string {
    return join(this.manifests, fileOfDigest(digest));
  }

  blob(digest: Digest): string {
    return join(this.blobs, fileOfDigest(digest));
  }

  deletedManifest(digest: Digest): string {
    return join(this.deleted, fileOfDigest(digest));
  }

  referrers(subject: Digest): string {
    return join(this.root, '_referrers', fileOfDigest(subject));
  }

  referrer(subject: Digest, referrer: Digest): string {
    return join(this.referrers(subject), fileOfDigest(referrer));
  }

  /** Undefined for what is no id of an upload: ids come from clients. */
  upload(id: string): string | undefined {
    return uploadId.test(id) ? join(this.uploads, id) : undefined;
  }
}

/** `<alg>-<hex>`: a colon is not allowed in file names everywhere. */
export function fileOfDigest(digest: Digest): string {
  return digest.replace(':', '-');
}

/** The digest that a link file's name stands for, undefined for other files. */
export function digestOfFile(file: string): Digest | undefined {
  const text = file.replace('-', ':');
  return isDigest(text) ? text : undefined;
}
