-- TUF repositories: one of each tenant (its name), the public one (`trust`), and kits (`<tenant>/kit`).

-- A publication is begun by its row, which holds all that is needed to end it, and ended by `committed_at`: from that
-- moment it is served. Two writers cannot begin the same one.
create table tuf_publication (
  repository text not null,
  -- Of its timestamp.
  version bigint not null,
  -- The OCI manifest that holds it.
  manifest text not null,
  created_at text not null,
  committed_at text,
  primary key (repository, version)
);

-- Metadata, and the target files of the public repository. Bytes are kept from before anybody sees them, so that a
-- publication that is ended later is the same.
create table tuf_file (
  repository text not null,
  role text not null,
  version bigint not null,
  name text not null,
  digest text not null,
  size bigint not null,
  -- The publication that first had it.
  publication bigint not null,
  text text not null,
  -- When a newer version of the role was written.
  replaced_at text,
  -- However many write: one content for each version.
  primary key (repository, role, version)
);
create index tuf_file_name on tuf_file (repository, name);
