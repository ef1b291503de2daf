-- A record can carry many observations: its offset alone names none of them.
alter table observations add column row_in_record UInt32,
    modify order by (segment_id, event_time, topic, partition_id, log_id, offset, row_in_record);
