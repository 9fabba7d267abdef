-- Profiles, runs, and what runs remember: states, the top of their Merkle tries, stored blobs.

create table profile_revision (
  tenant text not null,
  name text not null,
  revision text not null,
  document text not null,
  created_at text not null,
  position bigint not null,
  primary key (tenant, name, revision)
);

-- What holds in a scope at a sequence; one row for each scope, moved on by what changed.
create table scope_state (
  tenant text not null,
  scope_key text not null,
  sequence bigint not null,
  set_root text not null,
  records bigint not null,
  created text not null,
  collections text not null,
  root_index text not null,
  primary key (tenant, scope_key)
);

-- What a published index names; `previous` is the index that its chain named before.
create table published_state (
  tenant text not null,
  repository text not null,
  digest text not null,
  profile text not null,
  revision text not null,
  sequence bigint not null,
  set_root text not null,
  records bigint not null,
  created text not null,
  collections text not null,
  previous text,
  config text not null,
  bytes bigint not null,
  layers bigint not null,
  published_at text not null,
  primary key (tenant, repository, digest)
);

create table stored_blob (
  raw text not null,
  level bigint not null,
  digest text not null,
  size bigint not null,
  primary key (raw, level)
);

create table run (
  id text primary key,
  tenant text not null,
  profile text not null,
  request text not null,
  idempotency_key text,
  state text not null,
  attempt bigint not null,
  run_after text not null,
  lease_owner text,
  lease_until text,
  cancel_requested bigint not null,
  result text,
  failure text,
  created_at text not null,
  updated_at text not null
);

create unique index run_idempotency on run (tenant, idempotency_key);
create index run_by_tenant on run (tenant, created_at);
create index run_queue on run (state, run_after);

create table run_event (
  run text not null,
  sequence bigint not null,
  at text not null,
  state text not null,
  message text not null,
  done bigint,
  total bigint,
  primary key (run, sequence)
);
