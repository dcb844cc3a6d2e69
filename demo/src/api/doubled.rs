//! Fields that stand twice in a JSON body: maps are read into one another, else the last one counts, and a strict reader minds.

use std::{cell::RefCell, collections::BTreeSet, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The paths of fields that stand twice. A body that is no JSON has none.
pub fn find(body: &[u8]) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Walk { path: String::new(), found: &found }.deserialize(&mut reader);
    if read.is_ok() { found.into_inner() } else { Vec::new() }
}

/// The value of a body as a reader has it that reads into what is there already.
pub fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Joined>(body).map(|joined| joined.0)
}

struct Joined(Value);

impl<'de> Deserialize<'de> for Joined {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Join).map(Self)
    }
}

struct Join;

impl<'de> Visitor<'de> for Join {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut made = Vec::new();
        while let Some(Joined(item)) = list.next_element()? {
            made.push(item);
        }
        Ok(made.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut made = Map::new();
        while let Some((name, Joined(value))) = map.next_entry::<String, Joined>()? {
            join(&mut made, name, value);
        }
        Ok(made.into())
    }
}

fn join(into: &mut Map<String, Value>, name: String, value: Value) {
    match (into.get_mut(&name), value) {
        (Some(Value::Object(has)), Value::Object(more)) => {
            for (name, value) in more {
                join(has, name, value);
            }
        }
        (_, value) => {
            into.insert(name, value);
        }
    }
}

struct Walk<'a> {
    path: String,
    found: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut at = 0;
        while list.next_element_seed(Walk { path: format!("{}[{at}]", self.path), found: self.found })?.is_some() {
            at += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            if !seen.insert(name) {
                let mut found = self.found.borrow_mut();
                if !found.contains(&path) {
                    found.push(path.clone());
                }
            }
            map.next_value_seed(Walk { path, found: self.found })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_stands_twice_is_read_into_one() {
        let body = br#"{"a": {"x": 1, "y": [1]}, "b": 1, "a": {"y": [2], "z": {"w": null}}, "b": 2.5}"#;
        assert_eq!(
            super::read(body).unwrap(),
            serde_json::json!({"a": {"x": 1, "y": [2], "z": {"w": null}}, "b": 2.5})
        );
        assert!(super::read(b"{").is_err() && super::read(b"{} x").is_err());
    }

    #[test]
    fn a_field_that_stands_twice_is_told_by_its_path() {
        let body = br#"{"a": 1, "spec": {"b": [{"c": 1, "c": 2}], "b": []}, "a": 2, "a": 3}"#;
        assert_eq!(super::find(body), ["spec.b[0].c", "spec.b", "a"]);
        assert!(super::find(b"{").is_empty());
    }
}
