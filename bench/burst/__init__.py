"""`make bench-burst`: four designs under the same burst of uploads and under the same faults."""
