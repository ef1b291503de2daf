-- Every accepted observation, once per place in the log (topic, partition, log, offset).
-- A missing measurement is NaN; measurements keep all their digits, so that windows rebuilt from here are
-- the same windows. fate: counted in a window, or a repetition, or too late for any window.
create table if not exists observations
(
    topic String,
    partition_id UInt16,
    log_id String,
    offset UInt64,
    sensor_id String,
    segment_id String,
    event_time DateTime('UTC'),
    event_ms UInt16,
    interval_s UInt32,
    speed_kmh Float64,
    flow_veh Float64,
    occupancy_pct Float64,
    vehicle_id String,
    fate Enum8('counted' = 1, 'duplicate' = 2, 'late' = 3),
    synthetic UInt8,
    version UInt64
)
engine = ReplacingMergeTree(version)
partition by toYYYYMMDD(event_time)
order by (segment_id, event_time, topic, partition_id, log_id, offset);
