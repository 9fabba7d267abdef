-- Who may use what: tokens of the tenants, rules for pulls without credentials, and the audit.

alter table tenant add column created_at text;

create table access_token (
  id text not null primary key,
  name text not null,
  -- A tenant's name, or * for all.
  tenant text not null,
  role text not null check (role in ('reader', 'publisher', 'operator')),
  -- A list of patterns in JSON; null is all of the tenant.
  repositories text,
  -- Of the token's text, which is kept nowhere.
  sha256 text not null unique,
  created_at text not null,
  created_by text not null,
  -- Null: it does not expire.
  expires_at text,
  revoked_at text,
  -- Coarse: at most one write in ten minutes.
  last_used_at text
);
create index access_token_of_tenant on access_token (tenant, created_at);

create table pull_rule (
  tenant text not null,
  repository text not null,
  anonymous bigint not null check (anonymous in (0, 1)),
  primary key (tenant, repository)
);

create table audit (
  -- Sorts by time.
  id text not null /*bytewise*/ primary key,
  at text not null,
  actor text not null,
  action text not null,
  -- Null where the whole installation is meant.
  tenant text,
  target text not null,
  -- What was set, in JSON; never a secret.
  detail text not null
);
