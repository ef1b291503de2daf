"""History in ClickHouse. The only folder that knows SQL."""
