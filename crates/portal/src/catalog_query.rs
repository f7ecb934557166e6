//! What the catalog's address asks for, and the addresses that ask for something near it.

use crate::address;

/// What was asked for in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogQuery {
    /// `?kind=`, possibly several.
    pub kind: Vec<String>,
    /// `?type=`
    pub entity_type: Vec<String>,
    /// `?owner=`
    pub owner: Vec<String>,
    /// `?lifecycle=`
    pub lifecycle: Vec<String>,
    /// `?tag=`
    pub tag: Vec<String>,
    /// `?q=`, a question in words.
    pub q: String,
    /// `?shelf=`: `mine`, `starred` or `recent`; empty for everything.
    pub shelf: String,
    /// `?sort=`: `name`, `-name`, `kind`, `owner`, `type`, `lifecycle`; empty for the usual order.
    pub sort: String,
    /// `?page=`, from 1.
    pub page: usize,
    /// `?view=`, the saved view that all of this comes from.
    pub view: String,
}

impl CatalogQuery {
    /// Names and values of what is asked for, without the page.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let lists = [
            ("kind", &self.kind),
            ("type", &self.entity_type),
            ("owner", &self.owner),
            ("lifecycle", &self.lifecycle),
            ("tag", &self.tag),
        ];
        let mut pairs: Vec<(&'static str, &str)> = lists
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_str())))
            .collect();
        pairs.push(("shelf", &self.shelf));
        pairs.push(("q", &self.q));
        pairs.push(("sort", &self.sort));
        pairs
    }

    /// The question of the address, without the page: what a saved view keeps.
    pub fn question(&self) -> String {
        let address = address::query("", &self.pairs());
        address.trim_start_matches('?').to_owned()
    }

    /// The address that asks for this.
    pub fn address(&self) -> String {
        let page = if self.page > 1 { self.page.to_string() } else { String::new() };
        let mut pairs = if self.view.is_empty() { self.pairs() } else { vec![("view", self.view.as_str())] };
        pairs.push(("page", &page));
        address::query("/catalog", &pairs)
    }

    /// The same from the first page, with one value of a facet chosen or let go.
    #[must_use]
    pub fn toggled(&self, facet: &str, value: &str) -> Self {
        let mut query = Self { page: 1, view: String::new(), ..self.clone() };
        let list = match facet {
            "kind" => &mut query.kind,
            "type" => &mut query.entity_type,
            "owner" => &mut query.owner,
            "lifecycle" => &mut query.lifecycle,
            _ => &mut query.tag,
        };
        if let Some(at) = list.iter().position(|chosen| chosen.eq_ignore_ascii_case(value)) {
            list.remove(at);
        } else {
            list.push(value.to_owned());
        }
        query
    }

    pub(crate) fn sorted(&self, by: &str) -> Self {
        let sort = if self.sort == by { format!("-{by}") } else { by.to_owned() };
        Self { sort, page: 1, view: String::new(), ..self.clone() }
    }

    /// Whether anything was asked for besides an order and a page.
    pub fn is_narrowed(&self) -> bool {
        self.pairs().iter().any(|(name, value)| *name != "sort" && !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::CatalogQuery;

    #[test]
    fn a_facet_is_chosen_and_let_go_from_the_first_page() {
        let query = CatalogQuery { page: 3, q: "a b".into(), ..CatalogQuery::default() };
        let chosen = query.toggled("type", "service");
        assert_eq!(chosen.address(), "/catalog?type=service&q=a%20b");
        assert_eq!(chosen.toggled("type", "service").address(), "/catalog?q=a%20b");
    }

    #[test]
    fn a_saved_view_keeps_its_address_until_something_else_is_asked() {
        let query =
            CatalogQuery { kind: vec!["api".into()], view: "v1".into(), page: 2, ..CatalogQuery::default() };
        assert_eq!(query.address(), "/catalog?view=v1&page=2");
        assert_eq!(query.question(), "kind=api");
        assert_eq!(query.sorted("owner").address(), "/catalog?kind=api&sort=owner");
    }
}
