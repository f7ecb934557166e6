//! Values that do something: macros, bound methods, loops, and the helpers that templates build.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::jinja::ast::{Block, Definition, For, Template};
use crate::jinja::globals::Function;
use crate::jinja::scope::Scope;
use crate::jinja::value::{Map, Value};

pub enum Object {
    /// A function of every template.
    Function(&'static Function),
    /// A method with the value that it belongs to.
    Method(Value, &'static str),
    Macro(Macro),
    Namespace(Rc<RefCell<Map>>),
    /// The values, and how far it went.
    Cycler(Rc<[Value]>, Cell<usize>),
    /// The separator, and whether it was used.
    Joiner(Rc<str>, Cell<bool>),
    Loop(Loop),
    /// What an imported template has set.
    Module(Rc<RefCell<Map>>),
    /// The blocks of a template by name: `self`.
    Blocks,
    /// A block at a level of inheritance: `super()` and `self.name()`.
    Block(Vec<Rc<BlockOf>>, usize),
}

/// A block with the template that it stands in.
pub struct BlockOf {
    pub block: Rc<Block>,
    pub template: Rc<Template>,
}

pub struct Macro {
    pub definition: Rc<Definition>,
    pub scope: Rc<Scope>,
    pub template: Rc<Template>,
}

pub struct Loop {
    pub items: Rc<[Value]>,
    pub index: Cell<usize>,
    pub depth: usize,
    pub last: RefCell<Option<Rc<[Value]>>>,
    /// What `loop(…)` runs again.
    pub recursion: Option<(Rc<For>, Rc<Scope>)>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.type_name())
    }
}

impl Object {
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Function(_) | Self::Block(..) => "function",
            Self::Method(..) => "builtin_function_or_method",
            Self::Macro(_) => "Macro",
            Self::Namespace(_) => "Namespace",
            Self::Cycler(..) => "Cycler",
            Self::Joiner(..) => "Joiner",
            Self::Loop(_) => "LoopContext",
            Self::Module(_) => "TemplateModule",
            Self::Blocks => "TemplateReference",
        }
    }

    pub const fn is_callable(&self) -> bool {
        match self {
            Self::Function(_) | Self::Block(..) | Self::Method(..) | Self::Macro(_) | Self::Joiner(..) => {
                true
            }
            Self::Loop(state) => state.recursion.is_some(),
            _ => false,
        }
    }

    pub fn length(&self) -> Option<usize> {
        match self {
            Self::Loop(state) => Some(state.items.len()),
            _ => None,
        }
    }
}
