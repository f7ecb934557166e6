//! The pages of the portal as pure functions: view model in, HTML out.
//!
//! Each page has a module with its view model and a function of the same name that gives a complete HTML
//! document. This room must not read a clock, the network or files; whatever a page shows is handed in, and
//! the moment that relative times count from is [`Chrome::now`].

pub mod access;
mod address;
pub mod api_document;
pub mod audit;
pub mod catalog;
mod catalog_query;
mod catalog_table;
pub mod change_request;
pub mod chrome;
mod code;
pub mod commit;
pub mod compare;
pub mod create;
pub mod entity;
pub mod entity_edit;
mod entity_overview;
pub mod environment;
pub mod explorer;
pub mod failure;
mod field;
mod finding;
pub mod form;
pub mod graph;
mod graph_boxes;
pub mod guardrail;
pub mod history;
pub mod home;
pub mod icon;
mod measure;
mod part;
pub mod plan;
mod plan_files;
mod plan_story;
pub mod platform;
pub mod policy;
pub mod policy_editor;
pub mod proposal;
pub mod repository;
pub mod row;
pub mod run;
pub mod safe;
pub mod search;
mod shell;
pub mod source;
pub mod source_import;
pub mod source_page;
pub mod supply;
pub mod team;
pub mod truth;
pub mod waiver;

pub use access::{IssuedToken, SignInView, TokenRow, TokensView, sign_in, tokens};
pub use api_document::DefinitionView;
pub use asset::{Asset, asset, asset_names, asset_path};
pub use audit::{AuditView, RecordView, Verification, audit, record};
pub use catalog::{
    CatalogView, ColumnView, Facet, FacetOption, SavedViewRow, catalog, catalog_facets, catalog_rows,
};
pub use catalog_query::CatalogQuery;
pub use change_request::{
    ChangeRequestView, ChangeRequestsView, ChangeTab, CheckRow, change_request, change_requests,
};
pub use chrome::{CallerView, Chrome, Notice, Section, Tone};
pub use commit::{CommitRow, CommitView, CommitsView, DiffStatus, FileDiffView, commit, commits};
pub use compare::{CompareLine, ComparePageView, compare};
pub use create::{CreateView, create};
pub use entity::{EntityTab, EntityView, PendingChange, entity};
pub use entity_edit::{EditFieldView, EntityEditView, entity_edit};
pub use environment::{
    EnvironmentHead, EnvironmentView, EnvironmentsView, ServiceHistoryView, ServiceRow, environment,
    environments, service_history,
};
pub use explorer::{GraphDirection, GraphPageView, GraphQuery, graph};
pub use failure::{FailureView, failure};
pub use form::{Choice, FieldKind, FieldView, FormBody, FormView, ReviewLine, form};
pub use graph::{GraphEdge, GraphNode, GraphView};
pub use guardrail::{FindingChoice, FindingGroup, FindingRow, GuardrailsView, guardrails};
pub use history::HistoryView;
pub use home::{Attention, HomeView, home};
pub use plan::{PlanContent, PlanFileView, PlanView, plan, plan_file};
pub use platform::{PlatformView, platform};
pub use policy::{PoliciesView, PolicyRow, PolicyTab, PolicyView, policies, policy};
pub use policy_editor::{PolicyEditorView, PolicyVerdictView, policy_editor, policy_verdict};
pub use proposal::{ProposalRow, ProposalsView, proposals};
pub use repository::{
    BlobContent, BlobView, EntryKind, EntryRow, FolderView, RepositoriesView, RepositoryHead, RepositoryRow,
    blob, folder, repositories,
};
pub use row::{Cell, EntityRow, Link, RunRow, TemplateRow};
pub use run::{RunView, RunsView, UndoItem, UndoView, run, run_fragment, runs, undo};
pub use safe::SafeHtml;
pub use search::{Piece, SearchHit, SearchView, search, search_json};
pub use source::{DraftRow, DraftsView, SourceRow, SourcesView, drafts, sources};
pub use source_import::{ImportPlanView, ImportRow, ImportView, source_import};
pub use source_page::{
    BudgetView, ConflictRow, SourceMoment, SourceRemovalView, SourceView, source, source_removal,
};

pub use truth::{TruthView, truth};
pub use waiver::{WaiverFormView, WaiverRow, WaiversView, waiver_form, waivers};

pub mod asset;
