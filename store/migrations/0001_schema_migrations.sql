-- Which migrations this database has had, and the SHA-256 of the file each came from.
create table if not exists schema_migrations
(
    number UInt16,
    name String,
    checksum String,
    applied_at DateTime('UTC') default now()
)
engine = ReplacingMergeTree(applied_at)
order by number;
