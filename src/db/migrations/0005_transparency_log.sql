-- The transparency log: Merkle trees (RFC 6962) that only grow, over what was signed.

create table log_tree (
  number bigint not null primary key,
  -- SPKI in PEM; it names the log.
  public_key text not null unique,
  valid_from text not null,
  -- Null for the one that is written.
  retired_at text,
  size bigint not null,
  -- Of the newest entry, in seconds.
  newest_time bigint not null
);

create table log_entry (
  tree bigint not null,
  log_index bigint not null,
  -- Hex of the leaf hash.
  leaf text not null,
  integrated_time bigint not null,
  -- Canonical JSON.
  body text not null,
  primary key (tree, log_index)
);
create unique index log_entry_of_leaf on log_entry (tree, leaf);

-- Perfect subtrees, by their number in in-order; written once.
create table log_node (
  tree bigint not null,
  node bigint not null,
  hash text not null,
  primary key (tree, node)
);

-- What entries are found by: digests of artifacts and of keys.
create table log_key (
  tree bigint not null,
  key text not null,
  log_index bigint not null,
  primary key (tree, key, log_index)
);
