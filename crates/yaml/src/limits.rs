//! How much a stream may hold before reading stops.

/// Bounds of one stream. Reading stops with a diagnostic at the first that is crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text, and at most twice as many of text that aliases repeat.
    pub bytes: usize,
    /// Documents in the stream.
    pub documents: usize,
    /// Levels of nesting, aliases followed.
    pub depth: usize,
    /// Values in the stream; what an alias stands for counts each time.
    pub nodes: usize,
}

impl Default for Limits {
    /// Enough for a company's whole catalog in one file, and far below what hurts.
    fn default() -> Self {
        Self { bytes: 16 << 20, documents: 50_000, depth: 100, nodes: 1_000_000 }
    }
}
