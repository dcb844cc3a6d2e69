//! Guardrails that the cluster holds everybody to: ConfigMap `brink-policy` in the policy's `home`, its data as a policy file.

use crate::{
    cluster::{
        ObjectRef,
        api::{Api, Read},
    },
    config::policy_file::{self, PolicyKey},
    fault::{
        known,
        policy::{Pinned, Policy},
    },
};

/// Its name.
const NAME: &str = "brink-policy";
/// The key of its data.
const KEY: &str = "policy.toml";

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The policy has no `home` where it could stand.
    NoHome,
    /// It is not there.
    Absent,
    /// It could not be read, and why: the file alone holds.
    Unreadable(String),
    /// It holds: the keys it made stricter.
    Held(Vec<&'static str>),
    /// It is there and says nothing that can be understood: no faults until it does.
    Broken(String),
}

/// Where it stands, in words.
pub fn place(home: &str) -> String {
    format!("ConfigMap {home}/{NAME}")
}

/// The stricter of a policy and what the cluster says, key by key.
pub async fn pinned<A: Api>(api: &A, policy: Policy, context: &str) -> (Policy, Found) {
    let Some(home) = policy.home.clone() else { return (policy, Found::NoHome) };
    let answer = api.read(&Read::Get(ObjectRef::new(known::config_map(), &home, NAME))).await;
    let text = match answer {
        Ok(answer) => answer.body.text(&["data", KEY]).map(str::to_owned),
        Err(trouble) if trouble.not_found() => return (policy, Found::Absent),
        Err(trouble) => return (policy, Found::Unreadable(trouble.to_string())),
    };
    let read = text
        .ok_or_else(|| format!("{} has no {KEY}", place(&home)))
        .and_then(|text| read(&place(&home), &text, &policy));
    match read {
        Ok(other) => held(policy, other, context, place(&home)),
        Err(why) => (Policy { broken: Some(why.clone()), ..policy }, Found::Broken(why)),
    }
}

fn read(name: &str, text: &str, over: &Policy) -> Result<Policy, String> {
    policy_file::parse_over(name, text, over.clone()).map_err(|complaints| complaints.to_string())
}

fn held(policy: Policy, other: Policy, context: &str, place: String) -> (Policy, Found) {
    let own = policy.clone();
    let mut policy = policy.stricter(other, context);
    let keys: Vec<_> =
        PolicyKey::ALL.into_iter().filter(|key| key.show(&own) != key.show(&policy)).map(PolicyKey::word).collect();
    policy.pinned = (!keys.is_empty()).then(|| Pinned { place, keys: keys.clone() });
    (policy, Found::Held(keys))
}
