//! Serves the portal, the REST API, Git over HTTP, events and metrics; handlers only translate.
