"""Sources to Kafka: read, map to canonical observations, keep the order in which things were known."""
