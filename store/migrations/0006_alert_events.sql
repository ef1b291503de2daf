-- What happened to each alert, in order: raised, changed, acknowledged, cleared...
create table if not exists alert_events
(
    alert_id String,
    kind String,
    rule String,
    segment_id String,
    district_id String,
    severity UInt8,
    event String,
    at DateTime('UTC'),
    detail String,
    version UInt64
)
engine = ReplacingMergeTree(version)
partition by toYYYYMM(at)
order by (alert_id, at, event);
