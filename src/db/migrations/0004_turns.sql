-- Turns: what one process at a time works on, such as the signatures of an artifact.

create table turn (
  name text not null primary key,
  owner text not null,
  held_until text not null
);
