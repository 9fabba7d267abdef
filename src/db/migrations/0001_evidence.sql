-- Evidence of the tenants: content-addressed texts, and temporal entries that point at them.
-- Portable: `/*bytewise*/` becomes `collate "C"` on PostgreSQL and is a comment on SQLite, which compares bytes anyway.

create table tenant (
  id bigint not null primary key,
  name text not null unique,
  -- Newest committed sequence of the tenant; whoever commits evidence locks this row.
  sequence bigint not null
);

create table ingest (
  id text not null primary key,
  tenant bigint not null references tenant (id),
  source text not null,
  origin text not null,
  state text not null check (state in ('staging', 'committed', 'dropped')),
  -- Of the state that holds it; null when it changed nothing.
  sequence bigint,
  started_at text not null,
  heartbeat_at text not null,
  committed_at text
);
create index ingest_of_source on ingest (tenant, source, sequence);
create index ingest_staging on ingest (tenant, heartbeat_at) where state = 'staging';

-- Original texts and canonical records. Written before the commit that makes an entry point here.
create table body (
  tenant bigint not null,
  digest text not null /*bytewise*/,
  text text not null,
  primary key (tenant, digest)
);

-- The state at sequence N is every row with from_seq <= N and (to_seq is null or to_seq > N).
create table entry (
  tenant bigint not null,
  view text not null check (view in ('raw', 'record')),
  c text not null /*bytewise*/,
  k text not null /*bytewise*/,
  source text not null,
  -- Path of the document that the entry comes from.
  path text not null /*bytewise*/,
  -- First four bytes of SHA-256(c 00 k), big endian.
  place bigint not null,
  digest text not null,
  size bigint not null,
  doc_id text not null,
  -- A list in JSON.
  ecosystems text not null,
  stamp text not null /*bytewise*/,
  from_seq bigint not null,
  to_seq bigint,
  primary key (tenant, view, c, k, from_seq)
);
create unique index entry_now on entry (tenant, view, c, k) where to_seq is null;
create index entry_document on entry (tenant, c, path) where to_seq is null;
create index entry_source on entry (tenant, source, c, k) where to_seq is null and view = 'raw';
create index entry_begun on entry (tenant, view, from_seq);
create index entry_ended on entry (tenant, view, to_seq) where to_seq is not null;
create index entry_place on entry (tenant, view, place);
create index entry_stamp on entry (tenant, view, stamp, c, k);
create index entry_id on entry (tenant, doc_id) where view = 'raw';

-- What an ingest will change when it commits: one 'raw' row for each document, and its records. 'keep' changes nothing
-- but ends the document's refusal.
create table staged (
  ingest text not null,
  op text not null check (op in ('put', 'del', 'keep')),
  view text not null,
  c text not null /*bytewise*/,
  k text not null /*bytewise*/,
  path text not null /*bytewise*/,
  place bigint not null,
  digest text not null,
  size bigint not null,
  doc_id text not null,
  ecosystems text not null,
  stamp text not null,
  primary key (ingest, view, c, k)
);

create table staged_rejection (
  ingest text not null,
  c text not null /*bytewise*/,
  path text not null /*bytewise*/,
  code text not null,
  message text not null,
  primary key (ingest, c, path)
);

create table rejection (
  tenant bigint not null,
  source text not null,
  c text not null /*bytewise*/,
  path text not null /*bytewise*/,
  origin text not null,
  code text not null,
  message text not null,
  at text not null,
  primary key (tenant, source, c, path)
);

create table source (
  tenant bigint not null references tenant (id),
  name text not null,
  licence text,
  attribution text,
  primary key (tenant, name)
);

-- The version of each URL that was ingested last, for conditional requests.
create table source_fetch (
  tenant bigint not null,
  source text not null,
  url text not null,
  etag text not null,
  synced bigint not null,
  documents bigint not null,
  -- Newest sequence that changed the source, at that time.
  sequence bigint not null,
  primary key (tenant, source, url)
);
