//! What the variables of a policy stand for: the request, the policy's own context entries, the element of a
//! loop. Entries are evaluated when they are first asked for, and once.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use serde_json::{Map, Value, json};

use super::entry::ContextEntry;
use super::image::images;
use super::jmespath::{Budget, Operand, QueryError, Surroundings};
use super::pod_security::Exclusion;
use super::request::Request;
use super::source::Source;

/// How many context entries may need one another in a row.
const MAX_ENTRIES_DEEP: usize = 24;

/// What all scopes of one evaluation share.
pub(crate) struct World<'a> {
    pub(crate) request: &'a Request<'a>,
    /// Data from outside, as far as it is given.
    pub(crate) source: &'a dyn Source,
    /// Values that are given for names, for example by a test.
    pub(crate) given: &'a Map<String, Value>,
    pub(crate) budget: Budget,
    pub(crate) now: Option<&'a str>,
    pub(crate) images: OnceCell<Value>,
    /// The object as earlier rules left it, where it is not that of the request.
    pub(crate) object: Option<&'a Value>,
    /// What exceptions ease of a pod security standard.
    pub(crate) eased: Vec<Exclusion>,
    /// How many context entries are being evaluated, one for the other.
    depth: Cell<usize>,
}

impl<'a> World<'a> {
    pub(crate) fn new(
        request: &'a Request<'a>,
        source: &'a dyn Source,
        given: &'a Map<String, Value>,
        now: Option<&'a str>,
    ) -> Self {
        let (budget, images) = (Budget::new(), OnceCell::new());
        Self {
            request,
            source,
            given,
            budget,
            now,
            images,
            object: None,
            eased: Vec::new(),
            depth: Cell::new(0),
        }
    }

    /// `request.object`
    pub(crate) fn object(&self) -> &'a Value {
        self.object.unwrap_or(self.request.object)
    }
}

enum Content<'a> {
    Known(Cow<'a, Value>),
    Declared(&'a ContextEntry),
}

struct Binding<'a> {
    name: Cow<'a, str>,
    content: Content<'a>,
    value: OnceCell<Result<Value, QueryError>>,
}

/// Names and what they stand for, in front of those of the scope around.
pub(crate) struct Scope<'a> {
    world: &'a World<'a>,
    /// With how many of its bindings are seen from here.
    around: Option<(&'a Scope<'a>, usize)>,
    bindings: Vec<Binding<'a>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn outermost(world: &'a World<'a>) -> Self {
        Self { world, around: None, bindings: Vec::new() }
    }

    pub(crate) fn within(around: &'a Scope<'a>) -> Self {
        let seen = around.bindings.len();
        Self { world: around.world, around: Some((around, seen)), bindings: Vec::new() }
    }

    pub(crate) fn world(&self) -> &'a World<'a> {
        self.world
    }

    pub(crate) fn declare(&mut self, entries: &'a [ContextEntry]) {
        self.bindings.extend(entries.iter().map(|entry| Binding {
            name: Cow::Borrowed(entry.name.as_str()),
            content: Content::Declared(entry),
            value: OnceCell::new(),
        }));
    }

    pub(crate) fn bind(&mut self, name: impl Into<Cow<'a, str>>, value: Cow<'a, Value>) {
        let content = Content::Known(value);
        self.bindings.push(Binding { name: name.into(), content, value: OnceCell::new() });
    }

    /// The element of a loop, under its plain names and those with the depth of the loop.
    pub(crate) fn bind_element(&mut self, element: &'a Value, index: usize, depth: usize) {
        for (name, value) in [("element", Cow::Borrowed(element)), ("elementIndex", Cow::Owned(index.into()))]
        {
            self.bind(format!("{name}{depth}"), value.clone());
            self.bind(name, value);
        }
    }

    /// The scope as it is seen from its end.
    pub(crate) fn view(&'a self) -> View<'a> {
        View { scope: self, visible: self.bindings.len() }
    }
}

/// A scope as one of its entries sees it: with the entries before it only, so that none can need itself.
pub(crate) struct View<'s> {
    scope: &'s Scope<'s>,
    visible: usize,
}

impl<'s> View<'s> {
    fn lookup(&self, name: &str) -> Result<Option<&'s Value>, QueryError> {
        let mut view = View { scope: self.scope, visible: self.visible };
        loop {
            let visible = view.scope.bindings.get(..view.visible).unwrap_or_default();
            if let Some((position, binding)) =
                visible.iter().enumerate().rev().find(|(_, binding)| binding.name == name)
            {
                let entry = match &binding.content {
                    Content::Known(value) => return Ok(Some(value)),
                    Content::Declared(entry) => entry,
                };
                let given = view.scope.world.given.get(name);
                if let Some(given) = given.filter(|_| entry.is_external()) {
                    return Ok(Some(given));
                }
                let seen = View { scope: view.scope, visible: position };
                let depth = &view.scope.world.depth;
                if binding.value.get().is_none() && depth.get() >= MAX_ENTRIES_DEEP {
                    return Err(QueryError::Exhausted);
                }
                let evaluated = binding.value.get_or_init(|| {
                    depth.set(depth.get() + 1);
                    let value = entry.evaluate(&seen);
                    depth.set(depth.get() - 1);
                    value
                });
                return match evaluated {
                    Ok(value) => Ok(Some(value)),
                    // A value that is given stands in for what cannot be had.
                    Err(error) => given.map(Some).ok_or_else(|| error.clone()),
                };
            }
            let Some((scope, visible)) = view.scope.around else { return Ok(None) };
            view = View { scope, visible };
        }
    }

    pub(crate) fn world(&self) -> &'s World<'s> {
        self.scope.world
    }

    /// A scope in front of what is seen.
    pub(crate) fn scope(&self) -> Scope<'s> {
        let around = Some((self.scope, self.visible));
        Scope { world: self.scope.world, around, bindings: Vec::new() }
    }
}

impl<'s> Surroundings<'s> for View<'s> {
    fn field(&self, name: &str) -> Result<Operand<'s>, QueryError> {
        if let Some(value) = self.lookup(name)? {
            return Ok(Operand::borrowed(value));
        }
        let world = self.scope.world;
        if let Some(value) = world.given.get(name) {
            return Ok(Operand::borrowed(value));
        }
        let account = || world.request.user.service_account();
        match name {
            "images" => Ok(Operand::borrowed(world.images.get_or_init(|| images(world.object())))),
            "serviceAccountName" => Ok(Operand::owned(account().1.into())),
            "serviceAccountNamespace" => Ok(Operand::owned(account().0.into())),
            _ => Err(QueryError::NotFound(name.to_owned())),
        }
    }

    fn request_field(&self, name: &str) -> Result<Operand<'s>, QueryError> {
        let world = self.scope.world;
        let request = world.request;
        let missing = || QueryError::NotFound(name.to_owned());
        // What is given for the request's own fields is in the request already.
        Ok(match name {
            "object" if request.is_deletion() => Operand::borrowed(request.old_object),
            "object" => Operand::borrowed(world.object()),
            "oldObject" if request.old_object.is_null() => return Err(missing()),
            "oldObject" => Operand::borrowed(request.old_object),
            "operation" => Operand::owned(request.operation.as_str().into()),
            "namespace" => Operand::owned(request.namespace.into()),
            "name" => Operand::owned(request.name.into()),
            "userInfo" => Operand::owned(request.user.describe()),
            "roles" => Operand::owned(request.user.roles.clone().into()),
            "clusterRoles" => Operand::owned(request.user.cluster_roles.clone().into()),
            "subResource" | "requestSubResource" => Operand::owned(request.kind.subresource.into()),
            "dryRun" => Operand::owned(Value::Bool(request.dry_run)),
            "uid" => Operand::owned(Value::from("")),
            "kind" | "requestKind" => Operand::owned(json!({
                "group": request.kind.group, "version": request.kind.version, "kind": request.kind.name,
            })),
            other => match request.given.get(other) {
                Some(value) => Operand::borrowed(value),
                None => return Err(missing()),
            },
        })
    }

    fn whole(&self) -> Result<Value, QueryError> {
        let mut map = self.scope.world.given.clone();
        map.insert("request".to_owned(), self.whole_request()?);
        Ok(Value::Object(map))
    }

    fn whole_request(&self) -> Result<Value, QueryError> {
        let mut map = self.scope.world.request.given.clone();
        for name in [
            "operation",
            "namespace",
            "name",
            "kind",
            "userInfo",
            "roles",
            "clusterRoles",
            "subResource",
            "dryRun",
            "object",
            "oldObject",
        ] {
            if let Ok(Operand::Value(value)) = self.request_field(name) {
                map.insert(name.to_owned(), value.into_owned());
            }
        }
        self.scope.world.budget.take(1000)?;
        Ok(Value::Object(map))
    }

    fn budget(&self) -> &Budget {
        &self.scope.world.budget
    }

    fn now(&self) -> Option<&str> {
        self.scope.world.now
    }
}

/// A plain value as the root that an expression is evaluated on.
pub(crate) struct Document<'v> {
    pub(crate) value: &'v Value,
    pub(crate) world: &'v World<'v>,
}

impl<'v> Surroundings<'v> for Document<'v> {
    fn field(&self, name: &str) -> Result<Operand<'v>, QueryError> {
        match self.value {
            Value::Object(map) => {
                map.get(name).map(Operand::borrowed).ok_or_else(|| QueryError::NotFound(name.to_owned()))
            }
            _ => Ok(Operand::owned(Value::Null)),
        }
    }

    fn request_field(&self, name: &str) -> Result<Operand<'v>, QueryError> {
        match self.value.get("request").and_then(|request| request.get(name)) {
            Some(value) => Ok(Operand::borrowed(value)),
            None => Err(QueryError::NotFound(name.to_owned())),
        }
    }

    fn whole(&self) -> Result<Value, QueryError> {
        Ok(self.value.clone())
    }

    fn whole_request(&self) -> Result<Value, QueryError> {
        Ok(self.value.get("request").cloned().unwrap_or_default())
    }

    fn budget(&self) -> &Budget {
        &self.world.budget
    }

    fn now(&self) -> Option<&str> {
        self.world.now
    }
}
