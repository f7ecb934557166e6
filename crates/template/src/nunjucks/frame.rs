//! Where names live while a template runs.
//!
//! Nunjucks has two layers. Frames are searched by name at run time: loops, macros and blocks push one. Slots
//! are resolved beforehand, because the engine compiled loop variables, macro names and macro arguments to
//! local variables of a generated function, and what a name means depends on that in corner cases.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::nunjucks::value::Value;

/// One level of names.
#[derive(Debug, Default)]
pub struct Frame {
    variables: RefCell<HashMap<Rc<str>, Value>>,
    pub parent: Option<Rc<Frame>>,
    /// Assignments do not reach for a variable beyond this frame.
    isolated: bool,
    /// The frame of the template itself, whose variables every macro sees.
    pub top: bool,
}

impl Frame {
    pub fn top() -> Rc<Self> {
        Rc::new(Self { top: true, ..Self::default() })
    }

    pub fn fresh() -> Rc<Self> {
        Rc::new(Self::default())
    }

    pub fn push(self: &Rc<Self>, isolated: bool) -> Rc<Self> {
        Rc::new(Self { parent: Some(Rc::clone(self)), isolated, ..Self::default() })
    }

    pub fn own(&self, name: &str) -> Value {
        self.variables.borrow().get(name).cloned().unwrap_or(Value::Undefined)
    }

    pub fn set(&self, name: &Rc<str>, value: Value) {
        self.variables.borrow_mut().insert(Rc::clone(name), value);
    }

    /// The nearest value that is not undefined.
    pub fn lookup(&self, name: &str) -> Option<Value> {
        let mut frame = Some(self);
        while let Some(current) = frame {
            if let Some(value) = current.variables.borrow().get(name)
                && !value.is_undefined()
            {
                return Some(value.clone());
            }
            frame = current.parent.as_deref();
        }
        None
    }

    /// Sets the variable where it is defined already, else here.
    pub fn assign(&self, name: &Rc<str>, value: Value) {
        let defined = |frame: &Self| frame.variables.borrow().get(name).is_some_and(|v| !v.is_undefined());
        if !defined(self) && !self.isolated {
            let mut frame = self.parent.as_deref();
            while let Some(current) = frame {
                if defined(current) {
                    current.set(name, value);
                    return;
                }
                frame = current.parent.as_deref();
            }
        }
        self.set(name, value);
    }
}

/// The current frame of a running body; a macro called from it exchanges the frame and puts it back.
#[derive(Debug)]
pub struct FrameCell(RefCell<Rc<Frame>>);

impl FrameCell {
    pub fn new(frame: Rc<Frame>) -> Rc<Self> {
        Rc::new(Self(RefCell::new(frame)))
    }

    pub fn current(&self) -> Rc<Frame> {
        Rc::clone(&self.0.borrow())
    }

    pub fn replace(&self, frame: Rc<Frame>) -> Rc<Frame> {
        self.0.replace(frame)
    }

    /// Looks a name up without keeping the frame.
    pub fn lookup(&self, name: &str) -> Option<Value> {
        self.0.borrow().lookup(name)
    }
}

/// The slots of one call.
#[derive(Debug)]
pub struct Activation {
    slots: RefCell<Vec<Value>>,
    parent: Option<Rc<Activation>>,
}

impl Activation {
    pub fn new(slots: usize, parent: Option<Rc<Self>>) -> Rc<Self> {
        Rc::new(Self { slots: RefCell::new(vec![Value::Undefined; slots]), parent })
    }

    /// Forgets all values; functions in slots may refer back to this call.
    pub fn clear(&self) {
        self.slots.borrow_mut().clear();
    }

    fn up(&self, hops: usize) -> &Self {
        let mut activation = self;
        for _ in 0..hops {
            activation = activation.parent.as_deref().unwrap_or(activation);
        }
        activation
    }

    pub fn get(&self, slot: Slot) -> Value {
        self.up(slot.hops).slots.borrow().get(slot.index).cloned().unwrap_or(Value::Undefined)
    }

    pub fn set(&self, slot: Slot, value: Value) {
        if let Some(place) = self.up(slot.hops).slots.borrow_mut().get_mut(slot.index) {
            *place = value;
        }
    }
}

/// A place in the slots of this call or of one that encloses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub hops: usize,
    pub index: usize,
}
