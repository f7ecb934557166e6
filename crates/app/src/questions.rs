//! Questions that people ask of the catalog in words.

use fairway_catalog::human::{self, Completion, HumanContext, HumanQueryError};
use fairway_catalog::{CatalogEntity, Facet, Field, OrderField, Predicate, QueryError, Selection};
use fairway_domain::{Caller, EntityRef};

use crate::AppError;
use crate::moment::AsOf;
use crate::projection::View;

/// A list of entities that somebody wants to see.
#[derive(Clone, Debug, Default)]
pub struct EntityList {
    /// In words: `kind:component owner:me`.
    pub query: String,
    /// Conditions besides, all of them.
    pub narrowed: Vec<Predicate>,
    /// In which order; by name when empty.
    pub order: Vec<OrderField>,
    /// The fields whose values are counted among all that fit, by their short names or paths.
    pub facets: Vec<String>,
    /// At most this many.
    pub limit: usize,
    /// Leave out this many.
    pub offset: usize,
    /// Where an earlier answer ended; query and order are taken from it.
    pub cursor: Option<String>,
}

/// A part of the list.
#[derive(Clone, Debug)]
pub struct EntityPage {
    /// The entities.
    pub items: Vec<CatalogEntity>,
    /// How many fit in all.
    pub total: usize,
    /// Leads to the rest.
    pub next_cursor: Option<String>,
    /// The counted fields.
    pub facets: Vec<Facet>,
}

impl EntityList {
    /// The condition that query and narrowing come to.
    ///
    /// # Errors
    ///
    /// [`AppError::Query`] for a query that cannot be read.
    pub fn predicate(&self, asked: &AsOf, caller: &Caller) -> Result<Predicate, AppError> {
        let query = read_query(asked, caller, &self.query)?;
        Ok(self.narrowed.iter().cloned().fold(query, Predicate::and))
    }

    /// What a moment, or now, has of the list.
    ///
    /// # Errors
    ///
    /// [`AppError::Query`] for a query that cannot be read, [`AppError::Invalid`] for a cursor that was not given.
    pub fn answer(&self, asked: &AsOf, caller: &Caller) -> Result<EntityPage, AppError> {
        let predicate = self.predicate(asked, caller)?;
        let catalog = &asked.view.catalog;
        let names: Result<Vec<String>, AppError> =
            self.facets.iter().map(|name| path(name).map(|field| field.as_str().to_owned())).collect();
        let mut facets = catalog.facets(&names?, &predicate);
        for (facet, name) in facets.iter_mut().zip(&self.facets) {
            facet.field.clone_from(name);
            let kind = match name.to_lowercase().as_str() {
                "system" => Some("system:"),
                "domain" => Some("domain:"),
                _ => None,
            };
            facet.values.retain(|(value, _)| kind.is_none_or(|kind| value.starts_with(kind)));
            facet
                .values
                .sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
        }
        let mut order = self.order.clone();
        if order.is_empty() {
            order.push(OrderField { field: Field::new("metadata.name"), descending: false });
        }
        // Whatever has the same values stays in one order: by reference.
        order.push(OrderField { field: Field::reference(), descending: false });
        let selection = Selection {
            predicate,
            order,
            limit: self.limit,
            offset: self.offset,
            cursor: self.cursor.clone(),
            count_total: true,
            ..Selection::default()
        };
        let page = catalog.select(&selection).map_err(|error| AppError::Invalid {
            message: error.to_string(),
            hint: matches!(error, QueryError::Cursor(_)).then(|| "ask again from the beginning".to_owned()),
        })?;
        Ok(EntityPage {
            items: page.items.into_iter().cloned().collect(),
            total: page.total,
            next_cursor: page.next_cursor,
            facets,
        })
    }
}

/// A field to order by: its short name or path, with a dash before it for backwards.
///
/// # Errors
///
/// [`AppError::Invalid`] for a name that is no field with one value.
pub fn order(text: &str) -> Result<OrderField, AppError> {
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let field = match name {
        "ref" => Field::reference(),
        name => human::order_field(name).ok_or_else(|| no_field(name))?,
    };
    Ok(OrderField { field, descending })
}

fn path(name: &str) -> Result<Field, AppError> {
    human::facet_field(name).ok_or_else(|| no_field(name))
}

fn no_field(name: &str) -> AppError {
    let name: String = name.chars().take(100).collect();
    AppError::Invalid {
        message: format!("there is no field \"{name}\""),
        hint: Some(human::field_advice(&name)),
    }
}

/// Reads a query of a caller.
///
/// # Errors
///
/// [`AppError::Query`] with the place of what cannot be read.
pub fn read_query(asked: &AsOf, caller: &Caller, text: &str) -> Result<Predicate, AppError> {
    in_context(&asked.view, caller, |context| human::parse(text, context)).map_err(HumanQueryError::into)
}

/// What could stand at the cursor of a query, which counts characters.
pub fn complete_query(asked: &AsOf, caller: &Caller, text: &str, cursor: usize) -> Vec<Completion> {
    in_context(&asked.view, caller, |context| human::complete(text, cursor, context))
}

fn in_context<T>(view: &View, caller: &Caller, answer: impl FnOnce(&HumanContext<'_>) -> T) -> T {
    let user: EntityRef = caller.actor.user();
    let failing = |source: &&std::sync::Arc<crate::sources::Source>| {
        source.last.as_ref().is_some_and(|last| last.failure.is_some())
    };
    let failing: Vec<String> = view.sources.values().filter(failing).map(|it| it.id.clone()).collect();
    answer(&HumanContext { caller: Some(&user), catalog: Some(&view.catalog), failing_sources: &failing })
}
