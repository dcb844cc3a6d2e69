//! Settings: who outdoes whom, and files that are wrong.

use rstest::rstest;

use super::Home;

fn origin<'a>(shown: &'a serde_json::Value, key: &str) -> (&'a str, &'a str) {
    let rows = shown["settings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("{key} is not shown"));
    (row["value"].as_str().unwrap_or("-"), row["origin"].as_str().unwrap())
}

#[test]
fn a_flag_outdoes_the_environment_which_outdoes_the_file_which_outdoes_the_default() {
    let home = Home::new().with("BRINK_NAMESPACE", "from-env").with("BRINK_PROMETHEUS", "http://env:9090");
    let file = home.file(
        ".config/brink/config.toml",
        "namespace = \"from-file\"\nprometheus = \"http://file:9090\"\ntheme = \"from-file\"\nstate-dir = \"~/state\"\n",
    );
    let shown = home.brink(["config", "show", "-o", "json", "-n", "from-flag"]).json();
    assert_eq!(origin(&shown, "namespace"), ("from-flag", "flag"));
    assert_eq!(origin(&shown, "prometheus"), ("http://env:9090", "$BRINK_PROMETHEUS"));
    assert_eq!(origin(&shown, "theme"), ("from-file", format!("{file}:3").as_str()));
    assert_eq!(origin(&shown, "state-dir").0, home.path().join("state").to_str().unwrap());
    assert_eq!(origin(&shown, "fps"), ("-", "default"));
}

#[test]
fn a_section_speaks_for_its_contexts_only_and_the_most_exact_wins() {
    let home = Home::new();
    home.file(
        ".config/brink/config.toml",
        "readonly = false\n[contexts.\"*prod*\"]\nreadonly = true\nnamespace = \"wide\"\n[contexts.eu-prod]\nnamespace = \"exact\"\n",
    );
    let shown = home.brink(["config", "show", "-o", "json", "--context", "eu-prod"]).json();
    assert_eq!(origin(&shown, "readonly").0, "true");
    assert_eq!(origin(&shown, "namespace").0, "exact");
    let file = home
        .file("kubeconfig", "current-context: eu-prod\ncontexts: [{name: eu-prod, context: {cluster: c, user: u}}]\n");
    let shown = home.brink(["config", "show", "-o", "json", "--kubeconfig", &file]).json();
    assert_eq!(origin(&shown, "namespace").0, "exact", "the current context counts as well");
    let shown = home.brink(["config", "show", "-o", "json", "--context", "kind"]).json();
    assert_eq!(origin(&shown, "readonly").0, "false");
    assert_eq!(origin(&shown, "namespace").0, "-");
}

#[rstest]
#[case::typo("promethues = \"http://x\"\n", 1, "unknown key", "did you mean `prometheus`?")]
#[case::kind("\nfps = \"fast\"\n", 2, "must be a whole number from 5 to 60", "write a whole number from 5 to 60")]
#[case::bounds("fps = 500\n", 1, "must be a whole number from 5 to 60", "write")]
#[case::address("prometheus = \"ftp://x\"\n", 1, "not an http:// or https:// address", "http://prometheus")]
#[case::source("prometheus = \"proxy\"\n", 1, "not an http:// or https:// address", "or proxies or none")]
#[case::header("prometheus-headers = \"X-Scope-OrgID\"\n", 1, "`Name: value`", "X-Scope-OrgID: team-a")]
#[case::syntax("namespace = \"shop\"\ntheme = [\n", 2, "not TOML", "correct the line")]
#[case::section("[contexts.prod]\nstate-dir = \"x\"\n", 2, "unknown key", "known here: namespace")]
fn a_wrong_settings_file_names_line_and_remedy(
    #[case] text: &str,
    #[case] line: u64,
    #[case] message: &str,
    #[case] hint: &str,
) {
    let home = Home::new();
    let file = home.file(".config/brink/config.toml", text);
    let ran = home.brink(["config", "check", "-o", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    let errors = ran.json()["errors"].clone();
    assert_eq!(errors[0]["line"], line, "{errors}");
    assert!(errors[0]["message"].as_str().unwrap().contains(message), "{errors}");
    assert!(errors[0]["hint"].as_str().unwrap().contains(hint), "{errors}");

    // Every other command refuses to start from it, with the same place and remedy.
    let (cause, fix) = home.brink(["config", "show"]).failed(2);
    assert!(cause.contains(&format!("{file}:{line}")), "{cause}");
    assert!(fix.contains(hint), "{fix}");
}

#[test]
fn a_wrong_environment_is_refused_by_name() {
    let (cause, fix) = Home::new().with("BRINK_FPS", "fast").brink(["config", "show"]).failed(2);
    assert!(cause.contains("BRINK_FPS") && cause.contains("`fast`"), "{cause}");
    assert!(fix.contains("5 to 60"), "{fix}");
}

#[test]
fn where_figures_come_from_may_be_said_for_each_context() {
    let home = Home::new();
    home.file(
        ".config/brink/config.toml",
        "prometheus = \"none\"\n[contexts.prod]\nprometheus = \"proxies\"\nprometheus-headers = \"X-Scope-OrgID: a; X-B: c\"\n\
         prometheus-token-file = \"token\"\n",
    );
    let shown = home.brink(["config", "show", "-o", "json", "--context", "prod"]).json();
    assert_eq!(origin(&shown, "prometheus").0, "proxies");
    assert_eq!(origin(&shown, "prometheus-headers").0, "X-Scope-OrgID: a; X-B: c");
    assert_eq!(origin(&shown, "prometheus-token-file").0, home.path().join(".config/brink/token").to_str().unwrap());
    let mesh = home.brink(["mesh", "-o", "json"]).json();
    assert_eq!((&mesh["source"], &mesh["rows"]), (&"none".into(), &serde_json::json!([])));
    let (cause, fix) = home.brink(["mesh", "--prometheus", "proxy"]).failed(2);
    assert!(cause.contains("`proxy`") && fix.contains("proxies or none"), "{cause} {fix}");
}

#[test]
fn a_settings_file_that_is_named_must_exist() {
    let (cause, _) = Home::new().with("BRINK_CONFIG", "/nowhere/brink.toml").brink(["config", "show"]).failed(2);
    assert!(cause.contains("/nowhere/brink.toml") && cause.contains("No such file"), "{cause}");
}

#[test]
fn the_guardrail_file_is_checked_with_the_settings() {
    let home = Home::new();
    let file = home.file("rails.toml", "max-lease = \"20m\"\nmax-lost-shar = 0.2\n");
    home.file(".config/brink/config.toml", "policy = \"../../rails.toml\"\n");
    let ran = home.brink(["config", "check"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("rails.toml:2: `max-lost-shar`: unknown key; did you mean `max-lost-share`?"),
        "{}",
        ran.stdout
    );
    std::fs::write(&file, "max-lost-share = 1.5\n").unwrap();
    assert!(home.brink(["config", "check"]).stdout.contains("a share from 0.0 to 1.0"));
    std::fs::write(&file, "max-lost-share = 0.2\nhome = \"brink\"\nlifelines = { app = \"gateway\" }\n").unwrap();
    let good = home.brink(["config", "check"]).ok();
    assert_eq!(good.lines().filter(|line| line.ends_with(": ok")).count(), 2, "{good}");
}

#[test]
fn every_setting_and_guardrail_is_explained() {
    let text = Home::new().brink(["config", "explain", "prometheus"]).ok();
    assert!(text.contains("BRINK_PROMETHEUS") && text.contains("--prometheus"), "{text}");
    let text = Home::new().brink(["config", "explain", "max-lease"]).ok();
    assert!(text.contains("\"15m\""), "{text}");
    let (_, fix) = Home::new().brink(["config", "explain", "max-leese"]).failed(2);
    assert_eq!(fix, "did you mean `max-lease`?");
}

#[test]
fn it_is_told_what_holds_in_a_context_and_who_said_it() {
    let home = Home::new();
    let file = home.file(
        ".config/brink/config.toml",
        "theme = \"kiln\"\n[contexts.\"*prod*\"]\ntheme = \"light\"\nreadonly = true\nkeymap = \"vim\"\nno-agent = true\n\
         favourites = [\"shop\", \"pay\"]\n",
    );
    let shown = home.brink(["config", "show", "-o", "json", "--context", "eu-prod"]).json();
    assert_eq!(origin(&shown, "theme"), ("light", format!("{file}:3").as_str()));
    assert_eq!(origin(&shown, "favourites"), ("shop,pay", format!("{file}:7").as_str()));
    assert_eq!(origin(&shown, "no-agent"), ("true", format!("{file}:6").as_str()));
    let text = home.brink(["config", "explain", "theme", "--context", "eu-prod"]).ok();
    assert!(text.contains(&format!("holds in eu-prod: light (from {file}:3)")), "{text}");
    assert!(text.contains(&format!("also said    kiln (file: {file}:1)")), "{text}");
    let text = home.brink(["config", "explain", "theme", "--context", "dev", "--theme", "nord"]).ok();
    assert!(text.contains("holds in dev: nord (from flag)") && text.contains("(contexts.*prod*:"), "{text}");
    // What is wrong is told with its line, and an explanation goes without.
    home.file(".config/brink/config.toml", "[contexts.prod]\nreadonli = true\n");
    let (cause, fix) = home.brink(["config", "show", "--context", "prod"]).failed(2);
    assert!(cause.contains(":2") && format!("{cause} {fix}").contains("readonly"), "{cause} {fix}");
    let text = home.brink(["config", "explain", "theme"]).ok();
    assert!(text.contains("holds: unknown"), "{text}");
    home.file(".config/brink/config.toml", "[context.prod]\nreadonly = true\n");
    let (cause, fix) = home.brink(["config", "show"]).failed(2);
    assert!(format!("{cause} {fix}").contains("[contexts.\"NAME\"]"), "{cause} {fix}");
}

#[test]
fn windows_and_alerts_are_read_and_shown() {
    let home = Home::new();
    let file = home.file(
        "rails.toml",
        "blackouts = [{name = \"release\", days = [\"fri\", \"Saturday\"], from = \"16:00\", to = \"24:00\", zone = \"Europe/Berlin\"}]\n\
         alerts = 'ALERTS{alertstate=\"firing\",team=\"shop\"}'\n",
    );
    home.file(".config/brink/config.toml", &format!("policy = \"{file}\"\n"));
    home.brink(["config", "check"]).ok();
    std::fs::write(&file, "[[blackouts]]\nfrom = \"22:00\"\nto = \"06:00\"\nzone = \"UTC\"\n[[blackouts]]\nfrom = \"00:00\"\nto = \"00:00\"\nzone = \"Asia/Tokyo\"\n").unwrap();
    home.brink(["config", "check"]).ok();
    let text = home.brink(["config", "explain", "alerts"]).ok();
    assert!(text.contains("severity"), "{text}");
    let (_, fix) = home.brink(["config", "explain", "blackout"]).failed(2);
    assert_eq!(fix, "did you mean `blackouts`?");
}

#[rstest]
#[case::no_list("blackouts = \"fri\"\n", 1, "`blackouts`: must be a list of tables", "[{…}, {…}]")]
#[case::no_tables("blackouts = [\"fri\"]\n", 1, "`blackouts`: must be a list of tables", "[{…}, {…}]")]
#[case::key(
    "\n[[blackouts]]\nfrom = \"16:00\"\nto = \"18:00\"\nzon = \"UTC\"\n",
    5,
    "`blackouts.zon`: unknown key",
    "did you mean `zone`?"
)]
#[case::day(
    "[[blackouts]]\ndays = [\"fry\"]\nfrom = \"16:00\"\nto = \"18:00\"\nzone = \"UTC\"\n",
    2,
    "`fry` is no day",
    "did you mean `fri`?"
)]
#[case::hour(
    "[[blackouts]]\nfrom = \"4pm\"\nto = \"18:00\"\nzone = \"UTC\"\n",
    2,
    "`4pm` is no time of day",
    "write it like \"16:00\""
)]
#[case::late(
    "[[blackouts]]\nfrom = \"16:00\"\nto = \"25:00\"\nzone = \"UTC\"\n",
    3,
    "`25:00` is no time of day",
    "16:00"
)]
#[case::zone(
    "[[blackouts]]\nfrom = \"16:00\"\nto = \"18:00\"\nzone = \"Europe/Berlim\"\n",
    4,
    "`Europe/Berlim` is no time zone",
    "did you mean `Europe/Berlin`?"
)]
#[case::lacking(
    "x = 1\n[[blackouts]]\nfrom = \"16:00\"\nzone = \"UTC\"\n",
    2,
    "a window needs `from`, `to` and `zone`",
    "write {days"
)]
#[case::alerts("alerts = true\n", 1, "`alerts`: must be a text in quotes", "write a text")]
fn a_wrong_guardrail_names_line_and_remedy(
    #[case] text: &str,
    #[case] line: u64,
    #[case] message: &str,
    #[case] hint: &str,
) {
    let home = Home::new();
    let file = home.file("rails.toml", text);
    home.file(".config/brink/config.toml", &format!("policy = \"{file}\"\n"));
    let ran = home.brink(["config", "check"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let told = ran.stdout.lines().find(|told| told.contains(message)).unwrap_or_else(|| panic!("{}", ran.stdout));
    assert!(told.contains(&format!("rails.toml:{line}:")) && told.contains(hint), "{told}");
    // While it is wrong no fault is planned.
    let (cause, _) = home.brink(["fault", "plan", "scale", "deployment/web", "--set", "replicas=1"]).failed(2);
    assert!(cause.contains("rails.toml"), "{cause}");
}
