//! Objects in the protobuf encoding, which typed clients such as `kubectl create` write. Field numbers are recorded; answers are
//! always JSON, which those clients take.

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::pack;
use crate::base::{value, when};

/// Its media type.
pub const MEDIA: &str = "application/vnd.kubernetes.protobuf";
/// The four bytes in front of every object.
const MAGIC: &[u8] = b"k8s\0";
/// How deep messages may nest; the deepest of Kubernetes stay far below.
const DEEPEST: usize = 64;

/// What cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Another format.
    #[error("it does not begin with k8s and a zero byte")]
    Magic,
    /// Cut short, or garbage.
    #[error("it ends in the middle of a field")]
    Short,
    /// A kind whose numbers are not recorded.
    #[error("the kind {0} is not known in this encoding; send JSON")]
    Kind(String),
    /// Nested without end.
    #[error("it nests too deep")]
    Deep,
}

/// Reads an object with its envelope.
pub fn decode(bytes: &[u8]) -> Result<Value, Wrong> {
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for field in Fields(bytes.strip_prefix(MAGIC).ok_or(Wrong::Magic)?) {
        match field? {
            (1, Wire::Bytes(meta)) => {
                for field in Fields(meta) {
                    match field? {
                        (1, Wire::Bytes(text)) => version = String::from_utf8_lossy(text).into_owned(),
                        (2, Wire::Bytes(text)) => kind = String::from_utf8_lossy(text).into_owned(),
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(inner)) => raw = inner,
            _ => {}
        }
    }
    let name = format!("{version}/{kind}");
    let message = pack::proto()["kinds"][&name].as_str().ok_or(Wrong::Kind(name))?;
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), json!(version));
    object.insert("kind".to_owned(), json!(kind));
    fill(&mut object, message, raw, 0)?;
    Ok(Value::Object(object))
}

/// Reads a message of a type into an object.
fn fill(object: &mut Map<String, Value>, message: &str, bytes: &[u8], depth: usize) -> Result<(), Wrong> {
    if depth > DEEPEST {
        return Err(Wrong::Deep);
    }
    let fields = &pack::proto()["types"][message];
    for field in Fields(bytes) {
        let (number, wire) = field?;
        let known = &fields[number.to_string()];
        let (Some(name), Some(kind)) = (known[0].as_str(), known[1].as_str()) else { continue };
        if name.is_empty() {
            // An embedded struct: its fields are ours.
            if let Wire::Bytes(inner) = wire {
                fill(object, kind, inner, depth + 1)?;
            }
            continue;
        }
        match known[2].as_str().unwrap_or_default() {
            "list" => {
                let item = read(kind, wire, depth)?;
                let slot = object.entry(name).or_insert_with(|| json!([]));
                if let Some(list) = slot.as_array_mut() {
                    list.push(item);
                }
            }
            "items" => {
                object.insert(name.to_owned(), items(kind, &wire, depth)?);
            }
            map @ ("map" | "map of items") => {
                let (key, item) = entry(kind, &wire, map == "map of items", depth)?;
                let slot = object.entry(name).or_insert_with(|| json!({}));
                if let Some(map) = slot.as_object_mut() {
                    map.insert(key, item);
                }
            }
            _ => {
                let item = read(kind, wire, depth)?;
                // A zero that nobody wrote is sent all the same.
                let zero = item.is_null() || item == "" || item == 0 || item == false;
                if !zero || (known[3] == true && !item.is_null()) {
                    object.insert(name.to_owned(), item);
                }
            }
        }
    }
    Ok(())
}

fn items(kind: &str, wire: &Wire<'_>, depth: usize) -> Result<Value, Wrong> {
    let mut list = Vec::new();
    if let Wire::Bytes(bytes) = wire {
        for field in Fields(bytes) {
            if let (1, wire) = field? {
                list.push(read(kind, wire, depth)?);
            }
        }
    }
    Ok(Value::Array(list))
}

fn entry(kind: &str, wire: &Wire<'_>, listed: bool, depth: usize) -> Result<(String, Value), Wrong> {
    let (mut key, mut item) = (String::new(), if kind == "string" { json!("") } else { Value::Null });
    if let Wire::Bytes(bytes) = wire {
        for field in Fields(bytes) {
            match field? {
                (1, Wire::Bytes(text)) => key = String::from_utf8_lossy(text).into_owned(),
                (2, wire) => item = if listed { items(kind, &wire, depth)? } else { read(kind, wire, depth)? },
                _ => {}
            }
        }
    }
    Ok((key, item))
}

/// Reads one value of a type; null for a time that is none.
fn read(kind: &str, wire: Wire<'_>, depth: usize) -> Result<Value, Wrong> {
    Ok(match (kind, wire) {
        ("bool", Wire::Number(number)) => json!(number != 0),
        // Negative numbers are sent as their two's complement.
        ("int", Wire::Number(number)) => json!(number.cast_signed()),
        ("double", Wire::Number(bits)) => json!(f64::from_bits(bits)),
        ("string", Wire::Bytes(text)) => json!(String::from_utf8_lossy(text)),
        ("bytes", Wire::Bytes(bytes)) => json!(base64::engine::general_purpose::STANDARD.encode(bytes)),
        ("Time" | "MicroTime", Wire::Bytes(bytes)) => {
            let (seconds, nanos) = (number(bytes, 1)?, number(bytes, 2)?);
            let at =
                i32::try_from(nanos.unwrap_or_default()).ok().and_then(|nanos| Timestamp::new(seconds?, nanos).ok());
            match at {
                Some(at) if kind == "Time" => json!(when::seconds(at)),
                Some(at) => json!(when::micros(at)),
                None => Value::Null,
            }
        }
        ("Quantity", Wire::Bytes(bytes)) => json!(text(bytes, 1)?),
        ("FieldsV1" | "RawExtension", Wire::Bytes(bytes)) => serde_json::from_str(&text(bytes, 1)?).unwrap_or_default(),
        ("Duration", Wire::Bytes(bytes)) => json!(format!("{}ns", number(bytes, 1)?.unwrap_or_default())),
        ("IntOrString", Wire::Bytes(bytes)) => match number(bytes, 1)?.unwrap_or_default() {
            0 => json!(number(bytes, 2)?.unwrap_or_default()),
            _ => json!(text(bytes, 3)?),
        },
        (message, Wire::Bytes(bytes)) => {
            let mut inner = Map::new();
            fill(&mut inner, message, bytes, depth + 1)?;
            Value::Object(inner)
        }
        _ => value::NULL.clone(),
    })
}

fn number(bytes: &[u8], wanted: u64) -> Result<Option<i64>, Wrong> {
    let mut found = None;
    for field in Fields(bytes) {
        if let (number, Wire::Number(value)) = field?
            && number == wanted
        {
            found = Some(value.cast_signed());
        }
    }
    Ok(found)
}

fn text(bytes: &[u8], wanted: u64) -> Result<String, Wrong> {
    let mut found = String::new();
    for field in Fields(bytes) {
        if let (number, Wire::Bytes(value)) = field?
            && number == wanted
        {
            found = String::from_utf8_lossy(value).into_owned();
        }
    }
    Ok(found)
}

/// A value as it is sent.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in the order in which they were sent.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for at in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn field(&mut self) -> Option<(u64, Wire<'a>)> {
        let key = self.varint()?;
        let wire = match key & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Number(u64::from(u32::from_le_bytes(self.take(4)?.try_into().ok()?))),
            _ => return None,
        };
        Some((key >> 3, wire))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Wire<'a>), Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(Wrong::Short))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Wrong, decode};

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    #[test]
    fn an_object_is_read_by_the_recorded_numbers() {
        let meta = [field(1, b"shop"), field(11, &[field(1, b"app"), field(2, b"web")].concat())].concat();
        let kind = [field(1, b"v1"), field(2, b"Namespace")].concat();
        let envelope = [b"k8s\0".to_vec(), field(1, &kind), field(2, &field(1, &meta))].concat();
        assert_eq!(
            decode(&envelope).unwrap(),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"app": "web"}}})
        );
        for end in 4..envelope.len() {
            // Cut anywhere it is an error or a smaller object, never a panic.
            let _ = decode(&envelope[..end]);
        }
        assert_eq!(decode(b"{}"), Err(Wrong::Magic));
    }
}
