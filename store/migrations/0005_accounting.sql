-- What became of each stretch of the log: offsets [first_offset, next_offset) of one archived batch, and what
-- was known of time after it: the log's clock and the basis of the watermark, where a restarted archive goes on.
create table if not exists accounting
(
    topic String,
    partition_id UInt16,
    log_id String,
    first_offset UInt64,
    next_offset UInt64,
    stored UInt32,
    counted UInt32,
    duplicate UInt32,
    late UInt32,
    dead UInt32,
    clock UInt32,
    written_at DateTime('UTC'),
    clock_ms UInt64,
    basis_ms UInt64
)
engine = ReplacingMergeTree(written_at)
partition by toYYYYMM(written_at)
order by (topic, partition_id, log_id, first_offset);

-- Records that were refused, with the reason and as much of them as was kept.
create table if not exists dead_letters
(
    topic String,
    partition_id UInt16,
    log_id String,
    offset UInt64,
    received_at DateTime('UTC'),
    reason String,
    detail String,
    payload String
)
engine = ReplacingMergeTree(received_at)
partition by toYYYYMM(received_at)
order by (topic, partition_id, log_id, offset);
