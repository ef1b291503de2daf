-- What is usual per place, type of day and five-minute slot of the local day (0..287), as it was computed
-- from the history before as_of. Computing again for another as_of leaves the earlier answers.
-- area_kind: city, district, corridor or segment.
create table if not exists typical
(
    area_kind String,
    area_id String,
    day_type String,
    slot UInt16,
    as_of DateTime('UTC'),
    n UInt16,
    tti_p10 Float32,
    tti_p50 Float32,
    tti_p90 Float32,
    tpi_p10 Float32,
    tpi_p50 Float32,
    tpi_p90 Float32,
    speed_p50 Float32,
    synthetic UInt8
)
engine = ReplacingMergeTree()
partition by toYYYYMM(as_of)
order by (area_kind, as_of, day_type, slot, area_id);
