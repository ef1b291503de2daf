-- Window results; the largest version of a window is what is known of it.
create table if not exists segment_indices
(
    segment_id String,
    window_s UInt16,
    window_start DateTime('UTC'),
    status UInt8,
    revision UInt32,
    version UInt64,
    observations UInt32,
    speed_kmh Float32,
    flow_vph Float32,
    travel_time_index Float32,
    level UInt8,
    coverage Float32,
    source UInt8,
    weight_source UInt8,
    synthetic UInt8,
    method_version UInt16
)
engine = ReplacingMergeTree(version)
partition by toYYYYMM(window_start)
order by (window_s, segment_id, window_start);

create table if not exists area_indices
(
    area_kind String,
    area_id String,
    window_s UInt16,
    window_start DateTime('UTC'),
    status UInt8,
    revision UInt32,
    version UInt64,
    observations UInt32,
    segments UInt32,
    travel_time_index Float32,
    delay_time_proportion Float32,
    traffic_performance_index Float32,
    level UInt8,
    speed_kmh Float32,
    vkt_km Float64,
    vht_h Float64,
    congested_km Float32,
    coverage Float32,
    synthetic UInt8,
    method_version UInt16
)
engine = ReplacingMergeTree(version)
partition by toYYYYMM(window_start)
order by (window_s, area_kind, area_id, window_start);

-- The city whose history this is: one, since equal segment ids of two cities would become one place.
create table if not exists cities
(
    city_id String,
    since DateTime('UTC') default now()
)
engine = ReplacingMergeTree()
order by city_id;
