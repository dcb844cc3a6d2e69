//! What a form of an intent allows is read, what it forbids is refused: every kind of the catalogue, values made out of its form.

use brink::{
    agent::{
        intent_schema::{form, forms, offered},
        order,
        tools::Tool,
    },
    base::span,
    fault::{catalogue::row, intent::FaultKind},
};
use proptest::{prelude::*, sample::select, string::string_regex};
use regex::Regex;
use serde_json::{Map, Value, json};

fn texts(schema: &Value) -> impl Iterator<Item = &str> {
    schema.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Values that a form allows.
fn valid(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(one) = schema.get("const") {
        return Just(one.clone()).boxed();
    }
    if let Some(all) = schema["enum"].as_array() {
        return select(all.clone()).boxed();
    }
    if let (Some(min), Some(max)) = (schema["x-min-ms"].as_u64(), schema["x-max-ms"].as_u64()) {
        return (min..=max).prop_map(|ms| json!(format!("{ms}ms"))).boxed();
    }
    match schema["type"].as_str().unwrap() {
        "string" => match schema["pattern"].as_str() {
            Some(pattern) => {
                let inside = pattern.trim_start_matches('^').trim_end_matches('$').to_owned();
                string_regex(&inside).unwrap().prop_map(|text| json!(text)).boxed()
            }
            None => "[a-z]{1,9}".prop_map(|text| json!(text)).boxed(),
        },
        "integer" => {
            let bound = |name: &str| schema[name].as_u64().unwrap();
            (bound("minimum")..=bound("maximum")).prop_map(|number| json!(number)).boxed()
        }
        "number" => (1u32..=1000).prop_map(|tenths| json!(f64::from(tenths) / 10.0)).boxed(),
        "boolean" => any::<bool>().prop_map(|flag| json!(flag)).boxed(),
        "object" if schema["properties"].is_object() => object(schema),
        "object" => {
            let inside = valid(&schema["additionalProperties"]);
            proptest::collection::btree_map("[a-z]{1,9}", inside, 1..3).prop_map(|map| json!(map)).boxed()
        }
        other => panic!("no values of {other}"),
    }
}

/// Objects with what is required, one of what excludes each other, and now and then what may be left out.
fn object(schema: &Value) -> BoxedStrategy<Value> {
    let one_of: Vec<String> = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|one| texts(&one["required"]).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let not: Vec<String> = texts(&schema["not"]["required"]).map(str::to_owned).collect();
    let required: Vec<String> = texts(&schema["required"]).map(str::to_owned).collect();
    let fields: Vec<_> =
        schema["properties"].as_object().unwrap().iter().map(|(name, one)| (name.clone(), valid(one))).collect();
    let choices: Vec<_> = fields.into_iter().map(|(name, value)| (Just(name), value, any::<bool>())).collect();
    (choices, any::<bool>())
        .prop_map(move |(fields, first)| {
            let map: Map<String, Value> = fields
                .into_iter()
                .filter(|(name, _, some)| {
                    let picked = |pair: &[String]| pair.iter().position(|one| one == name).map(|at| (at == 0) == first);
                    match (picked(&one_of), picked(&not)) {
                        (Some(picked), _) => picked,
                        (None, Some(picked)) => picked && *some,
                        (None, None) => *some || required.contains(name),
                    }
                })
                .map(|(name, value, _)| (name, value))
                .collect();
            Value::Object(map)
        })
        .boxed()
}

/// What a value of a form may not be.
fn wrong(schema: &Value) -> Option<Value> {
    if schema.get("const").is_some() || schema.get("enum").is_some() {
        return Some(json!("no-such-word"));
    }
    if let Some(max) = schema["x-max-ms"].as_u64() {
        return Some(json!(format!("{}ms", max + 1)));
    }
    match schema["type"].as_str()? {
        "integer" => Some(json!(schema["maximum"].as_u64()? + 1)),
        "number" => Some(json!(100.5)),
        "boolean" => Some(json!("perhaps")),
        "string" if schema["pattern"].is_string() => Some(json!("\u{7}Not A Name!")),
        "object" if schema["minProperties"].is_u64() => Some(json!({})),
        _ => None,
    }
}

fn read(value: &Value) -> Result<order::Order, String> {
    order::order(Tool::ProposeFault, &value.to_string(), "shop")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_form_allows_is_read_and_what_it_forbids_is_refused(
        one in select(offered().collect::<Vec<_>>()).prop_flat_map(|kind| valid(&form(kind)).prop_map(move |value| (kind, value)))
    ) {
        let (kind, value) = one;
        let answer = read(&value);
        // What must hold between values, beyond each one's range, no form can say.
        if row(kind).checks.is_none() {
            prop_assert!(answer.is_ok(), "{value}: {answer:?}");
        }
        let schema = form(kind);
        let spoilt = |spoil: &dyn Fn(&mut Value)| {
            let mut bad = value.clone();
            spoil(&mut bad);
            (read(&bad).is_err(), bad)
        };
        let (refused, bad) = spoilt(&|bad| bad["sudo"] = json!(true));
        prop_assert!(refused, "{bad}");
        for name in texts(&schema["required"]) {
            let (refused, bad) = spoilt(&|bad| drop(bad.as_object_mut().unwrap().remove(name)));
            prop_assert!(refused, "without {name}: {bad}");
        }
        for name in texts(&schema["properties"]["params"]["required"]) {
            let (refused, bad) = spoilt(&|bad| drop(bad["params"].as_object_mut().unwrap().remove(name)));
            prop_assert!(refused, "without params.{name}: {bad}");
        }
        if schema["properties"]["params"].is_object() {
            let (refused, bad) = spoilt(&|bad| bad["params"]["sudo"] = json!(1));
            prop_assert!(refused, "{bad}");
        }
        for (name, param) in schema["properties"]["params"]["properties"].as_object().into_iter().flatten() {
            let Some(no) = wrong(param) else { continue };
            let (refused, bad) = spoilt(&|bad| bad["params"][name] = no.clone());
            prop_assert!(refused, "params.{name}: {bad}");
        }
        for name in ["kind", "driver"] {
            let (refused, bad) = spoilt(&|bad| bad[name] = json!("no-such-word"));
            prop_assert!(refused, "{name}: {bad}");
        }
        if let Some(pattern) = schema["properties"]["target"]["pattern"].as_str() {
            let pattern = Regex::new(pattern).unwrap();
            for target in ["service/a", "route/a", "node/a", "zone/a", "host/a", "pod/a", "deployment/a", "gateway/a", "web"] {
                let (refused, bad) = spoilt(&|bad| {
                    bad.as_object_mut().unwrap().remove("selector");
                    bad["target"] = json!(target);
                });
                prop_assert!(pattern.is_match(target) || refused, "{bad}");
            }
        }
    }
}

#[test]
fn every_kind_but_objects_of_ones_own_has_a_form_that_stays_small() {
    let kinds: Vec<FaultKind> = offered().collect();
    assert_eq!(kinds.len(), FaultKind::ALL.len() - 1);
    let sizes: Vec<usize> = kinds.iter().map(|kind| form(*kind).to_string().len()).collect();
    let (most, all) = (sizes.iter().max().unwrap(), forms(kinds.clone()).to_string().len());
    println!("forms: {} kinds, the longest of {most} bytes, all of them {all} bytes", kinds.len());
    // About 1,000 tokens: what a model that got one wrong is sent back.
    assert!(*most < 3000, "{most}");
    for kind in kinds {
        for param in row(kind).params {
            let one = &form(kind)["properties"]["params"]["properties"][param.name];
            assert!(one["description"].as_str().unwrap().starts_with(param.doc), "{kind:?} {one}");
            assert_eq!(one["default"].is_null(), param.default.is_none(), "{kind:?} {one}");
            if let Some(max) = one["x-max-ms"].as_u64() {
                assert!(param.kind.range().contains(&span::format(std::time::Duration::from_millis(max))));
            }
        }
    }
}
