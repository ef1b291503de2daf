-- requires: 20.1
-- Measurements that change slowly take less room; values and types stay as they are.
alter table observations modify column speed_kmh Float64 codec(Gorilla, ZSTD(1));
alter table segment_indices modify column speed_kmh Float32 codec(Gorilla, ZSTD(1));
alter table segment_indices modify column travel_time_index Float32 codec(Gorilla, ZSTD(1));
alter table area_indices modify column vkt_km Float64 codec(Gorilla, ZSTD(1));
alter table area_indices modify column vht_h Float64 codec(Gorilla, ZSTD(1));
