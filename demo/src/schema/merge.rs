//! An applied configuration merged into a live object, and fields taken out of one, both by what the schema says of lists and maps.

use serde_json::{Map, Value};

use super::{
    fieldset::FieldSet,
    shape::{Items, Shape},
    step::Step,
};

/// The live value with what the configuration says. Nothing is taken away.
pub fn merge(live: &Value, config: &Value, shape: Shape<'_>) -> Value {
    match (live, config) {
        (Value::Object(before), Value::Object(said))
            if !(shape.is_atomic() || before.is_empty() && said.is_empty()) =>
        {
            let mut out = before.clone();
            for (name, inner) in said {
                let at = shape.field(name).map_or(Shape::Deduced, |(shape, _)| shape);
                let merged = before.get(name).map_or_else(|| inner.clone(), |has| merge(has, inner, at));
                out.insert(name.clone(), merged);
            }
            Value::Object(out)
        }
        // Null for a map or list with something in it says nothing.
        (Value::Object(before), Value::Null) if !shape.is_atomic() && !before.is_empty() => live.clone(),
        (Value::Array(before), Value::Null) if shape.items() != Items::Whole && !before.is_empty() => live.clone(),
        (Value::Array(before), Value::Array(said)) if shape.items() != Items::Whole && !before.is_empty() => {
            match (shape.steps(before), shape.steps(said)) {
                (Ok(old), Ok(new)) => Value::Array(weave(before, &old, said, &new, shape)),
                _ => config.clone(),
            }
        }
        _ => config.clone(),
    }
}

/// Items of both lists: those of the configuration in its order, the others before the one they stood before.
fn weave(before: &[Value], old: &[Step], said: &[Value], new: &[Step], shape: Shape<'_>) -> Vec<Value> {
    let find = |steps: &[Step], wanted: &Step| steps.iter().position(|step| step == wanted);
    // Doubles of the live list are not merged into: which one would it be?
    let single = |wanted: &Step| old.iter().filter(|step| *step == wanted).count() < 2;
    let take = |at: usize| {
        let had = find(old, &new[at]).filter(|_| single(&new[at])).and_then(|was| before.get(was));
        had.map_or_else(|| said[at].clone(), |had| merge(had, &said[at], shape.item()))
    };
    let mut shared = new.iter().filter(|step| old.contains(step));
    let mut next = shared.next();
    let mut out = Vec::with_capacity(before.len().max(said.len()));
    let (mut left, mut right) = (0, 0);
    while left < old.len() || right < new.len() {
        if let (Some(step), Some(wanted)) = (old.get(left), new.get(right)) {
            if step == wanted {
                out.push(take(right));
                left += 1;
                right += 1;
                next = shared.next();
                continue;
            }
            // Both have it, but its turn comes later or was before.
            if new.contains(step) && next.is_some_and(|next| next != step) {
                left += 1;
                continue;
            }
        }
        if let Some(step) = old.get(left) {
            if !new.contains(step) {
                out.push(before[left].clone());
                left += 1;
                continue;
            }
            if new.iter().take(right).any(|done| done == step) {
                left += 1;
            }
        }
        if let Some(step) = new.get(right) {
            out.push(take(right));
            right += 1;
            if next == Some(step) {
                next = shared.next();
            }
        }
    }
    out
}

/// The value without the fields of a set; `None` where nothing is left of it.
pub fn remove(value: &Value, set: &FieldSet, shape: Shape<'_>) -> Option<Value> {
    match value {
        Value::Object(map) => {
            if map.is_empty() || shape.is_atomic() {
                return None;
            }
            let mut out = Map::new();
            for (name, inner) in map {
                let (here, under) = set.at(&Step::field(name));
                if here {
                    continue;
                }
                let at = shape.field(name).map_or(Shape::Deduced, |(shape, _)| shape);
                let kept = under.map_or_else(|| Some(inner.clone()), |under| remove(inner, under, at));
                out.insert(name.clone(), kept.unwrap_or_default());
            }
            (!out.is_empty()).then_some(Value::Object(out))
        }
        Value::Array(list) => {
            let steps = shape.steps(list).ok()?;
            let mut out = Vec::new();
            for (step, item) in steps.iter().zip(list) {
                let (here, under) = set.at(step);
                if here {
                    continue;
                }
                let kept = under.map_or_else(|| Some(item.clone()), |under| remove(item, under, shape.item()));
                out.push(kept.unwrap_or_default());
            }
            (!out.is_empty()).then_some(Value::Array(out))
        }
        plain => Some(plain.clone()),
    }
}
