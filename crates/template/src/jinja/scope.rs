//! Where names are looked up.

use std::cell::RefCell;
use std::rc::Rc;

use crate::jinja::value::Value;

/// The variables of a template, or of a part of it that has its own.
#[derive(Debug, Default)]
pub struct Scope {
    variables: RefCell<Vec<(Rc<str>, Value)>>,
    parent: Option<Rc<Scope>>,
}

impl Scope {
    pub fn root() -> Rc<Self> {
        Rc::new(Self::default())
    }

    pub fn child(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { variables: RefCell::default(), parent: Some(Rc::clone(parent)) })
    }

    pub fn set(&self, name: &Rc<str>, value: Value) {
        let mut variables = self.variables.borrow_mut();
        match variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = value,
            None => variables.push((Rc::clone(name), value)),
        }
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        let mut scope = Some(self);
        while let Some(current) = scope {
            if let Some((_, value)) = current.variables.borrow().iter().find(|(known, _)| **known == *name) {
                return Some(value.clone());
            }
            scope = current.parent.as_deref();
        }
        None
    }

    /// What was set here, not above.
    pub fn own(&self) -> Vec<(Rc<str>, Value)> {
        self.variables.borrow().clone()
    }

    /// Names that can be seen here.
    pub fn names(&self) -> Vec<Rc<str>> {
        let mut names = Vec::new();
        let mut scope = Some(self);
        while let Some(current) = scope {
            names.extend(current.variables.borrow().iter().map(|(name, _)| Rc::clone(name)));
            scope = current.parent.as_deref();
        }
        names
    }

    /// Forgets everything: macros hold the scope that holds them.
    pub fn clear(&self) {
        drop(self.variables.take());
    }
}
