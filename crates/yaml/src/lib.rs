//! Reads YAML streams with spans, limits and diagnostics that quote the source.
