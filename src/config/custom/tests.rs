use rstest::rstest;
use serde_json::json;

use super::{Asks, Bindings, Customs, Does, Found};
use crate::{
    config::{Keymap, keymap::Resolved, settings},
    msg::{Command, program::Variables},
};

const ALL: &str = r#"
[aliases]
dp = "deployments.apps"
mine = "dp shop"

[[hotkeys]]
key = "f5"
command = ":pods $NAMESPACE"

[[plugins]]
name = "debug"
key = "shift-d"
scopes = ["pods"]
command = "kubectl"
args = ["debug", "$NAME", "-n", "$NAMESPACE", "--image", "$INPUT_IMAGE"]
pipes = ["jq -r '.status | .phase'"]
inputs = [{ name = "image", type = "dropdown", options = ["busybox", "nginx"], required = true }]
dangerous = true

[views."pods@^shop$"]
columns = ["NAME", "NODE:.spec.nodeName|W"]
sort = "NODE:desc"

[views.pods]
columns = ["NAME"]

[jumps."virtualservices.networking.istio.io"]
to = "pods"
labels = "app={{.spec.app}}"

[contexts."*prod*".aliases]
mine = "pods kube-system"
"#;

fn all() -> Customs {
    settings::parse("config.toml", ALL).unwrap().custom
}

#[test]
fn everything_of_ones_own_is_read() {
    let custom = all().of("dev");
    let plugin = &custom.plugins[0];
    assert!(plugin.dangerous && plugin.confirm, "inputs ask for a confirmation");
    assert_eq!(plugin.inputs[0].asks, Asks::Choice(vec!["busybox".to_owned(), "nginx".to_owned()]));
    assert_eq!(plugin.pipes[0], ["jq", "-r", ".status | .phase"]);
    assert_eq!(plugin.place.to_string(), "config.toml:10");
    let mut variables = Variables::default();
    for (name, value) in [("NAME", "a"), ("NAMESPACE", "b c")] {
        variables.set(name, value);
    }
    variables.set_input("image", "nginx");
    let program = plugin.program(&variables).unwrap();
    assert_eq!(program.line(), "kubectl debug a -n 'b c' --image nginx | jq -r '.status | .phase'");
    assert_eq!(custom.hotkeys[0].command, "pods $NAMESPACE");
    assert_eq!(custom.view(&["pods"], Some("shop")).unwrap().columns.len(), 2);
    assert_eq!(custom.view(&["pods"], None).unwrap().columns.len(), 1);
    let object = json!({ "metadata": { "namespace": "shop" }, "spec": { "app": "x" } });
    let towards = custom.jump(&["virtualservices.networking.istio.io"]).unwrap().towards(&object).unwrap();
    assert_eq!((towards.labels.as_deref(), towards.namespace.as_deref()), (Some("app=x"), Some("shop")));
}

#[test]
fn an_alias_may_name_another_and_a_context_may_say_it_otherwise() {
    let dev = all().of("dev").aliases;
    assert_eq!(dev.expand("mine /x"), "deployments.apps shop /x");
    assert_eq!(dev.expand("pods a"), "pods a");
    assert_eq!(all().of("eu-prod-1").aliases.expand("mine"), "pods kube-system");
    let words = |line: &str| vec![format!("{line}op"), "other".to_owned()];
    assert_eq!(dev.complete("mi", &words), ["mine"]);
    assert_eq!(dev.complete("dp sh", &words), ["dp shop"]);
    assert!(dev.complete("pods sh", &words).is_empty());
}

#[rstest]
#[case(
    "[aliases]\na = \"b x\"\nb = \"c\"\nc = \"a\"\n",
    "config.toml:2: `aliases.a`: `a` (config.toml:2) → `b` (config.toml:3) → `c` (config.toml:4) → `a` goes round"
)]
#[case("[aliases]\npods = \"pods shop\"\n", "goes round in a circle")]
#[case("[aliases]\na = \"b\"\n[contexts.\"x\".aliases]\nb = \"a\"\n", "goes round in a circle")]
#[case("[aliases]\n\"a b\" = \"pods\"\n", "one word")]
#[case("[aliases]\na = \"\"\n", "stands for nothing")]
#[case("[[hotkeys]]\ncommand = \"pods\"\n", "has no `key`")]
#[case("[[hotkeys]]\nkey = \"f5\"\n", "has no `command`")]
#[case("[[hotkeys]]\nkey = \"ctrl-ctrl-b\"\ncommand = \"x\"\n", "is no key")]
#[case("[[hotkeys]]\nkey = \"f5\"\ncomand = \"x\"\n", "did you mean `command`?")]
#[case("[[plugins]]\nname = \"x\"\n", "has no `key`")]
#[case(
    "[[plugins]]\nname = \"x\"\nkey = \"f5\"\ncommand = \"x\"\nscopes = [\"all\"]\npipes = [\"a 'b\"]\n",
    "is no command"
)]
#[case(
    "[[plugins]]\nname = \"x\"\nkey = \"f5\"\ncommand = \"x\"\nscopes = [\"all\"]\ninputs = [{ name = \"a\", type = \"dropdwn\" }]\n",
    "did you mean `dropdown`?"
)]
#[case("[views.pods]\ncolumns = [\"A:.b[\"]\n", "is no JSONPath")]
#[case("[views.pods]\nsort = \"A:up\"\n", "is no order")]
#[case("[jumps.x]\n", "leads nowhere")]
#[case("[jumps.x]\nto = \"pods\"\nlabels = \"{{range}\"\n", "the braces are not closed")]
fn mistakes_are_told_with_their_line(#[case] text: &str, #[case] told: &str) {
    let wrong = settings::parse("config.toml", text).unwrap_err().to_string();
    assert!(wrong.contains(told), "{wrong}");
}

#[test]
fn the_keymap_is_asked_before_a_persons_own_keys() {
    let text = "[[hotkeys]]\nkey = \"d\"\ncommand = \"mesh\"\n[[hotkeys]]\nkey = \"y\"\ncommand = \"mesh\"\noverride = true\n\
                [[hotkeys]]\nkey = \"ctrl-x\"\ncommand = \"mesh\"\noverride = true\n[[hotkeys]]\nkey = \"f5 a\"\ncommand = \"mesh\"\n";
    let custom = settings::parse("my.toml", text).unwrap().custom.of("dev");
    let bindings = Bindings::of(&custom);
    let find = |keys: &[&str], own: Resolved| {
        let keys: Vec<_> = keys.iter().map(|key| key.parse().unwrap()).collect();
        bindings.find(&keys, &own, &[])
    };
    assert_eq!(find(&["d"], Resolved::Commands(vec![Command::Describe])), Found::Nothing);
    assert_eq!(find(&["y"], Resolved::Commands(vec![Command::Yaml])), Found::Run(Does::Hotkey(1)));
    assert_eq!(find(&["ctrl-x"], Resolved::Commands(vec![Command::Abort])), Found::Nothing);
    assert_eq!(find(&["f5"], Resolved::Nothing), Found::Pending);
    assert_eq!(find(&["f5", "a"], Resolved::Nothing), Found::Run(Does::Hotkey(3)));
    let wrong: Vec<String> = bindings.conflicts(&Keymap::standard()).iter().map(ToString::to_string).collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("`d` (my.toml:1) is `d` for describe (default:"), "{wrong:?}");
    assert!(wrong[1].contains("key of `abort`"), "{wrong:?}");
}
