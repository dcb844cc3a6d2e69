use super::{Given, Holds, Import, import};
use crate::config::custom;

fn given(file: &str, holds: Holds, text: &str) -> Given {
    Given { file: file.to_owned(), holds, context: None, text: text.to_owned() }
}

fn text<'a>(import: &'a Import, name: &str) -> &'a str {
    import.files.iter().find(|written| written.name == name).map_or("", |written| written.text.as_str())
}

fn left(import: &Import) -> Vec<String> {
    let words = |left: &super::Left| format!("{}:{}: {}", left.file, left.complaint.line, left.complaint);
    import.left.iter().map(words).collect()
}

#[test]
fn aliases_name_kinds_as_brink_does_and_what_brink_has_not_is_told() {
    let aliases = "aliases:\n  dp: apps/v1/deployments\n  pp: v1/pods\n  mine: pod shop app=x /web @prod\n  pods: v1/pods\n  xx: xray deploy\n  vs: networking.istio.io/v1/virtualservices\n";
    let import = import(&[given("aliases.yaml", Holds::Aliases, aliases)]);
    let text = text(&import, "aliases.toml");
    for line in [
        "dp = \"deployments.apps\"",
        "pp = \"pods\"",
        "mine = \"pod shop app=x /web @prod\"",
        "vs = \"virtualservices.networking.istio.io\"",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("\npods ="), "it means that already: {text}");
    assert_eq!(left(&import).len(), 1);
    assert!(left(&import)[0].starts_with("aliases.yaml:6: `aliases.xx`: brink has no `xray`"), "{:?}", left(&import));
}

#[test]
fn one_mistake_costs_itself_and_nothing_else() {
    let plugins = "plugins:\n  good:\n    shortCut: Shift-D\n    description: Debug\n    scopes: [pods, apps/v1/deployments]\n    command: kubectl\n    args: [debug, $NAME, 8080]\n    overwriteOutput: true\n    inputs:\n    - {name: the-image, type: string, required: true}\n  bad:\n    shortCut: Shift-L\n    scopes: [all]\n  odd:\n    shortCut: Ctrl-T\n    scopes: [all]\n    comand: sh\n    command: sh\n";
    let import = import(&[given("plugins.yaml", Holds::Plugins("plugin".to_owned()), plugins)]);
    let text = text(&import, "plugins.toml");
    assert!(
        text.contains("name = \"good\"\nkey = \"D\"") && text.contains("args = [\"debug\", \"$NAME\", \"8080\"]"),
        "{text}"
    );
    assert!(
        text.contains("scopes = [\"pods\", \"deployments.apps\"]") && text.contains("name = \"the_image\""),
        "{text}"
    );
    assert!(text.contains("name = \"odd\"") && !text.contains("name = \"bad\""), "{text}");
    let left = left(&import);
    assert!(left.iter().any(|one| one.starts_with("plugins.yaml:11: `plugins.bad`: has no `command`")), "{left:?}");
    assert!(
        left.iter().any(|one| one.contains(":17: `plugins.odd.comand`: unknown key; did you mean `command`?")),
        "{left:?}"
    );
    let read = custom::parse("plugins.toml", text).unwrap();
    assert_eq!(read.all.plugins.len(), 2);
}

#[test]
fn plugins_come_in_three_shapes() {
    let one = "shortCut: Shift-A\ndescription: a\nscopes: [all]\ncommand: sh\n";
    let map = "b:\n  shortCut: Shift-B\n  scopes: [all]\n  command: sh\n";
    let import = import(&[
        given("plugins/alone.yaml", Holds::Plugins("alone".to_owned()), one),
        given("plugins/map.yaml", Holds::Plugins("map".to_owned()), map),
    ]);
    let read = custom::parse("plugins.toml", text(&import, "plugins.toml")).unwrap().all;
    assert_eq!(read.plugins.iter().map(|plugin| plugin.name.as_str()).collect::<Vec<_>>(), ["alone", "b"]);
}

#[test]
fn hotkeys_views_and_jumps_are_brinks() {
    let hotkeys = "hotKeys:\n  a: {shortCut: Shift-0, description: Pods, command: 'v1/pods kube-system', keepHistory: true}\n  b: {shortCut: Ctrl-X, description: no, command: pods}\n  c: {shortCut: Hyper-1, command: pods}\n";
    let views = "views:\n  v1/pods@kube-.*:\n    columns: [NAME, 'NODE:.spec.nodeName|W', 'BAD:.a[']\n    sortColumn: NODE:desc\n";
    let jumps = "jumps:\n  networking.istio.io/v1/virtualservices:\n    targetGVR: v1/services\n    fieldSelector: metadata.name={{.spec.hosts[0]}}\n    targetNamespace: all\n";
    let import = import(&[
        given("hotkeys.yaml", Holds::Hotkeys, hotkeys),
        given("views.yaml", Holds::Views, views),
        given("jumps.yaml", Holds::Jumps, jumps),
    ]);
    assert!(text(&import, "hotkeys.toml").contains("key = \")\"\ncommand = \"pods kube-system\""));
    let views = custom::parse("v", text(&import, "views.toml")).unwrap().all.views;
    assert_eq!((views[0].kind.as_str(), views[0].columns.len()), ("pods", 2));
    let jumps = custom::parse("j", text(&import, "jumps.toml")).unwrap().all.jumps;
    assert_eq!((jumps[0].from.as_str(), jumps[0].to.as_str()), ("virtualservices.networking.istio.io", "services"));
    let left = left(&import);
    assert!(left.iter().any(|one| one.contains("`Hyper-1` is no key here")), "{left:?}");
    assert!(left.iter().any(|one| one.starts_with("views.yaml:3:") && one.contains("`BAD:.a[`")), "{left:?}");
    assert!(left.iter().any(|one| one.starts_with("hotkeys.toml:") && one.contains("key of `abort`")), "{left:?}");
}

#[test]
fn a_circle_of_aliases_is_cut() {
    let aliases = "aliases:\n  a: b\n  b: a\n  good: pods\n";
    let import = import(&[given("aliases.yaml", Holds::Aliases, aliases)]);
    let text = text(&import, "aliases.toml");
    assert!(text.contains("good = \"pods\"") && !text.contains("a = \"b\""), "{text}");
    assert!(left(&import)[0].contains("goes round in a circle"), "{:?}", left(&import));
}

#[test]
fn what_counts_in_one_context_stands_below_it() {
    let mut file = given("clusters/c/kind-demo/aliases.yaml", Holds::Aliases, "aliases: {mine: pods shop}\n");
    file.context = Some("kind-demo".to_owned());
    let import = import(&[file, given("aliases.yaml", Holds::Aliases, "aliases: {mine: pods, other: nodes}\n")]);
    let customs = custom::parse("aliases.toml", text(&import, "aliases.toml")).unwrap();
    assert_eq!(customs.of("kind-demo").aliases.expand("mine"), "pods shop");
    assert_eq!(customs.of("prod").aliases.expand("mine"), "pods");
}

#[test]
fn of_what_stands_twice_the_later_holds() {
    let import = import(&[
        given("a/aliases.yaml", Holds::Aliases, "aliases: {mine: pods, other: nodes}\n"),
        given("b/aliases.yaml", Holds::Aliases, "aliases: {mine: services}\n"),
    ]);
    let aliases = custom::parse("aliases.toml", text(&import, "aliases.toml")).unwrap().all.aliases;
    assert_eq!((aliases.expand("mine").as_str(), aliases.expand("other").as_str()), ("services", "nodes"));
}

#[test]
fn a_file_that_is_no_yaml_costs_itself() {
    let import = import(&[
        given("aliases.yaml", Holds::Aliases, "aliases: {mine: pods}\n"),
        given("views.yaml", Holds::Views, "views:\n  a: [\n"),
    ]);
    assert_eq!(import.files.len(), 1);
    assert!(left(&import)[0].contains("not well-formed YAML"), "{:?}", left(&import));
}
