//! Renders template languages: Nunjucks as Backstage runs it, on trees of files.
