//! The fields of a value, and what differs between two values, as sets.

use serde_json::{Map, Value};

use super::{
    fieldset::FieldSet,
    shape::{Items, Shape},
    step::Step,
};

/// What differs between two values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Only the new one has it.
    pub added: FieldSet,
    /// Both have it, and it is another.
    pub changed: FieldSet,
    /// Only the old one had it.
    pub removed: FieldSet,
}

impl Comparison {
    /// Leaves out some fields with all that is under them.
    #[must_use]
    pub fn without(self, fields: &FieldSet) -> Self {
        if fields.is_empty() {
            return self;
        }
        Self {
            added: self.added.without(fields),
            changed: self.changed.without(fields),
            removed: self.removed.without(fields),
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// All fields of a value.
pub fn fields(value: &Value, shape: Shape<'_>) -> FieldSet {
    below(value, shape).1
}

/// Whether the value is a field itself, and the fields in it.
fn below(value: &Value, shape: Shape<'_>) -> (bool, FieldSet) {
    let mut set = FieldSet::default();
    match value {
        Value::Object(_) if shape.is_atomic() => return (true, set),
        Value::Object(map) => {
            for (name, inner) in map {
                let (at, named) = shape.field(name).unwrap_or((Shape::Deduced, false));
                let (here, under) = below(inner, at);
                let hollow = inner.is_null() || inner.as_object().is_some_and(Map::is_empty);
                set.put(Step::field(name), here || hollow || !named, under);
            }
        }
        Value::Array(_) if shape.items() == Items::Whole => return (true, set),
        Value::Array(list) => {
            let Ok(steps) = shape.steps(list) else { return (true, set) };
            for (step, item) in steps.iter().zip(list) {
                // Doubles have no fields of their own.
                let double = steps.iter().filter(|other| *other == step).count() > 1;
                let under = if double { FieldSet::default() } else { below(item, shape.item()).1 };
                set.put(step.clone(), true, under);
            }
        }
        Value::Null if !is_scalar(shape) => {}
        _ => return (true, set),
    }
    (false, set)
}

/// Whether the schema wants neither a map nor a list here.
fn is_scalar(shape: Shape<'_>) -> bool {
    matches!(shape, Shape::Known(node) if !matches!(node.kind(), "" | "object" | "array"))
}

/// What differs between two states of an object.
pub fn compare(old: &Value, new: &Value, shape: Shape<'_>) -> Comparison {
    let mut found = Comparison::default();
    walk(Some(old), Some(new), shape, &mut found);
    found
}

/// What became of the value itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Same,
    Added,
    Changed,
    Removed,
}

fn walk(old: Option<&Value>, new: Option<&Value>, shape: Shape<'_>, found: &mut Comparison) -> Fate {
    if old == new {
        return Fate::Same;
    }
    let fate = match (old, new) {
        (None, _) => Fate::Added,
        (_, None) => Fate::Removed,
        _ => Fate::Same,
    };
    let map = |value: Option<&Value>| value.and_then(Value::as_object).is_some();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).is_some();
    let hollow = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        _ => false,
    };
    let fits = |is: &dyn Fn(Option<&Value>) -> bool| {
        (is(old) || hollow(old)) && (is(new) || hollow(new)) && !(hollow(old) && hollow(new))
    };
    if fits(&map) && !shape.is_atomic() {
        maps(object(old), object(new), shape, found);
        return fate;
    }
    if fits(&list) && shape.items() != Items::Whole && lists(array(old), array(new), shape, found) {
        return fate;
    }
    if fate == Fate::Same { Fate::Changed } else { fate }
}

fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn maps(old: Option<&Map<String, Value>>, new: Option<&Map<String, Value>>, shape: Shape<'_>, found: &mut Comparison) {
    let before = |name: &str| old.and_then(|old| old.get(name));
    for (name, inner) in new.into_iter().flatten() {
        step(before(name), Some(inner), field(shape, name), Step::field(name), found);
    }
    for (name, inner) in old.into_iter().flatten() {
        if !new.is_some_and(|new| new.contains_key(name)) {
            step(Some(inner), None, field(shape, name), Step::field(name), found);
        }
    }
}

fn field<'a>(shape: Shape<'a>, name: &str) -> Shape<'a> {
    shape.field(name).map_or(Shape::Deduced, |(shape, _)| shape)
}

/// Compares two lists item by item; `false` where items cannot be told apart.
fn lists(old: &[Value], new: &[Value], shape: Shape<'_>, found: &mut Comparison) -> bool {
    let (Ok(before), Ok(after)) = (shape.steps(old), shape.steps(new)) else { return false };
    let all = |steps: &[Step], list: &'_ [Value], wanted: &Step| -> Vec<Value> {
        steps.iter().zip(list).filter(|(step, _)| *step == wanted).map(|(_, item)| item.clone()).collect()
    };
    let mut done: Vec<&Step> = Vec::new();
    for wanted in after.iter().chain(&before) {
        if done.contains(&wanted) {
            continue;
        }
        done.push(wanted);
        let (was, is) = (all(&before, old, wanted), all(&after, new, wanted));
        match (was.len(), is.len()) {
            (0 | 1, 0 | 1) => step(was.first(), is.first(), shape.item(), wanted.clone(), found),
            // Doubles are owned together, without what is in them.
            (0 | 1, _) => {
                if let Some(was) = was.first() {
                    step(Some(was), None, shape.item(), wanted.clone(), found);
                }
                found.added.put(wanted.clone(), true, FieldSet::default());
            }
            (_, 0 | 1) => {
                if let Some(is) = is.first() {
                    step(None, Some(is), shape.item(), wanted.clone(), found);
                }
                found.removed.put(wanted.clone(), true, FieldSet::default());
            }
            _ if was != is => found.changed.put(wanted.clone(), true, FieldSet::default()),
            _ => {}
        }
    }
    true
}

fn step(old: Option<&Value>, new: Option<&Value>, shape: Shape<'_>, step: Step, found: &mut Comparison) {
    let mut inner = Comparison::default();
    let fate = walk(old, new, shape, &mut inner);
    found.added.put(step.clone(), fate == Fate::Added, inner.added);
    found.changed.put(step.clone(), fate == Fate::Changed, inner.changed);
    found.removed.put(step, fate == Fate::Removed, inner.removed);
}

/// The set with the named fields that lead to its paths; keys of maps and items of lists are not added.
pub fn with_named(set: &FieldSet, shape: Shape<'_>) -> FieldSet {
    let mut wider = FieldSet::default();
    for (step, here, under) in set.steps() {
        let (at, named) = match step {
            Step::Field(name) => shape.field(name).unwrap_or((Shape::Deduced, false)),
            _ => (shape.item(), false),
        };
        wider.put(step.clone(), here || (named && !under.is_empty()), with_named(under, at));
    }
    wider
}

/// The set as the schema has it now: what has come to be owned as a whole is in it as a whole.
pub fn settled(set: &FieldSet, shape: Shape<'_>) -> FieldSet {
    let mut settled = FieldSet::default();
    for (step, here, under) in set.steps() {
        let at = match step {
            Step::Field(name) => field(shape, name),
            _ => shape.item(),
        };
        let whole = match at {
            Shape::Known(node) => match node.kind() {
                "array" => at.items() == Items::Whole,
                "object" => at.is_atomic(),
                _ => false,
            },
            _ => false,
        };
        if whole && !under.is_empty() {
            settled.put(step.clone(), true, FieldSet::default());
        } else {
            settled.put(step.clone(), here, self::settled(under, at));
        }
    }
    settled
}
