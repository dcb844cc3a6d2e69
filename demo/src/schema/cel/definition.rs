//! The rules of a definition as it arrives: do they compile, and do they fit the schema they stand in?

use serde_json::Value;

use super::{
    check::{self, Fault},
    parse::{self, Parsed, Places},
    types::{BOOL, STRING, Type},
};
use crate::schema::{
    custom::{go, path, says},
    validate::Cause,
};

/// What is wrong with the rules at one place of a schema. `resource`: the place is an object of the API; `apart`: a place above it
/// whose parts have no counterpart in an older object.
pub fn definition(schema: &Value, resource: bool, at: &str, apart: Option<&str>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let Some(of) = Type::of(schema, resource) else { return causes };
    for (number, rule) in schema["x-kubernetes-validations"].as_array().into_iter().flatten().enumerate() {
        let here = format!("{at}.x-kubernetes-validations[{number}]");
        let source = rule["rule"].as_str().unwrap_or_default();
        let old = if says(rule, "optionalOldSelf") { Type::Optional(Box::new(of.clone())) } else { of.clone() };
        let scope = || vec![("self".to_owned(), of.clone()), ("oldSelf".to_owned(), old.clone())];
        let mut uses_old = false;
        match compiled(source, scope()) {
            Err(why) => causes.push(bad(format!("{here}.rule"), rule, &format!("compilation failed: {why}"))),
            Ok((_, found)) if !found.is_like(&BOOL) => {
                causes.push(bad(format!("{here}.rule"), rule, "cel expression must evaluate to a bool"));
            }
            Ok((parsed, _)) => {
                uses_old = parsed.uses_old;
                let message = rule["messageExpression"].as_str().unwrap_or_default();
                let place = format!("{here}.messageExpression");
                if !message.is_empty() {
                    match compiled(message, scope()) {
                        Err(why) => {
                            let why = format!("messageExpression compilation failed: {why}");
                            causes.push(bad(place, rule, &why));
                        }
                        Ok((_, found)) if !found.is_like(&STRING) => {
                            let why = "messageExpression must evaluate to a string";
                            causes.push(bad(place, rule, why));
                        }
                        Ok(_) => {}
                    }
                }
            }
        }
        if uses_old {
            if let Some(apart) = apart {
                let why = format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {apart}");
                causes.push(Cause::invalid(format!("{here}.rule"), &rule["rule"], &why));
            }
        } else if !rule["optionalOldSelf"].is_null() {
            let why = "may not be set if oldSelf is not used in rule";
            causes.push(Cause::invalid(format!("{here}.optionalOldSelf"), &rule["optionalOldSelf"], why));
        }
    }
    causes
}

fn compiled<'a>(source: &str, scope: Vec<(String, Type<'a>)>) -> Result<(Parsed, Type<'a>), String> {
    let parsed = parse::parse(source)?;
    let (found, faults): (Type<'a>, Vec<Fault>) = check::check(&parsed.checked, scope);
    if faults.is_empty() { Ok((parsed, found)) } else { Err(check::listed(&Places::of(source), &faults)) }
}

/// A bad rule. The server shows all its fields, by the names and in the order of its own memory.
fn bad(at: String, rule: &Value, why: &str) -> Cause {
    let text = |word: &str| go::json(&Value::from(rule[word].as_str().unwrap_or_default()));
    let shown = format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
        text("rule"),
        text("message"),
        text("messageExpression"),
        rule["reason"],
        text("fieldPath"),
        rule["optionalOldSelf"]
    );
    Cause { reason: "FieldValueInvalid", field: at, message: format!("Invalid value: {shown}: {why}") }
}

/// The place a rule points at, as errors name it.
pub(super) fn place(text: &str, schema: &Value) -> Option<String> {
    if text.is_empty() { None } else { path::read(text, schema, true).ok().map(|(path, _)| path) }
}
