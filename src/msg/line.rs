//! The command line after `:`: words with arguments, in k9s' manner.

pub use super::logs_line::LogsLine;
use super::{
    command::Command,
    logs_line,
    saved::{self, ViewLine},
};
use crate::{
    base::suggest,
    cluster::columns::Sort,
    fault::action::{ActionKind, pairs},
};

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A plain command.
    Run(Command),
    /// Another namespace, or several: `shop,pay`.
    Namespace(String),
    /// Another context.
    Context(String),
    /// A pane, elsewhere or filtered: `pods shop /web`.
    Pane(Command, Request),
    /// Objects of a kind that the cluster may serve: `deploy shop -l app=web @prod`.
    Objects(Request),
    /// The same on the far side; without a word the table that is looked at.
    Beside(Request),
    /// Close the far side.
    Unsplit,
    /// Keep the table that is looked at under a name, or show one that is kept.
    View(ViewLine),
    /// The tree of what hangs together with the objects of a kind: `xray deploy shop /web`.
    Xray(Request),
    /// Logs.
    Logs(LogsLine),
    /// A copy into a container or out of it: from, to.
    Copy(String, String),
    /// Lift the emergency stop's latch, with the reason.
    Release(String),
    /// Another theme; `None`: choose one.
    Theme(Option<String>),
    /// Do something to the object under the cursor; what was typed with it, empty for nothing.
    Act(ActionKind, String),
}

/// Where rows are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    /// In the namespace that is shown.
    #[default]
    Here,
    /// In all namespaces.
    All,
    /// In this one, or in several: `shop,pay`.
    Named(String),
}

/// Rows somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// The first word, as typed.
    pub word: String,
    /// Where.
    pub place: Place,
    /// As typed after `/`; empty for all.
    pub filter: String,
    /// A label selector; empty for all.
    pub labels: String,
    /// In which context of the kubeconfig; `None`: this one.
    pub context: Option<String>,
    /// On the far side.
    pub beside: bool,
    /// In this order; `None`: the usual one. No line says it, only a view that is kept.
    pub sort: Option<Sort>,
    /// Also the columns that the server holds for secondary.
    pub wide: bool,
}

impl Request {
    /// Reads what stands behind the first word: `[NAMESPACE | -A] [/FILTER | -f LETTERS] [-l SELECTOR | KEY=VALUE] [@CONTEXT] [beside]`.
    fn read<'a>(first: &str, words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut request = Self { word: first.to_owned(), ..Self::default() };
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let last = words.peek().is_none();
            let mut value =
                |name: &str| words.next().map(str::to_owned).ok_or_else(|| format!("`{name}` needs a value behind it"));
            if let Some(context) = word.strip_prefix('@') {
                request.context = Some(context.to_owned()).filter(|name| !name.is_empty());
            } else if word == "beside" && last {
                request.beside = true;
            } else if let Some(filter) = word.strip_prefix('/') {
                filter.clone_into(&mut request.filter);
            } else if matches!(word, "-A" | "--all-namespaces") || word == "all" && request.place == Place::Here {
                request.place = Place::All;
            } else if matches!(word, "-n" | "--namespace") {
                request.place = Place::Named(value(word)?);
            } else if matches!(word, "-l" | "--selector") {
                request.labels = value(word)?;
            } else if word == "-f" {
                request.filter = format!("-f {}", value(word)?);
            } else if word.starts_with('-') {
                return Err(format!("there is no option `{word}`: -A, -n NAMESPACE, -l SELECTOR, -f LETTERS"));
            } else if word.contains('=') {
                word.clone_into(&mut request.labels);
            } else if request.place == Place::Here {
                request.place = Place::Named(word.to_owned());
            } else {
                return Err(format!("`{word}` is one word too many after `{first}`"));
            }
        }
        Ok(request)
    }

    /// What it asks for.
    fn into_line(self) -> Line {
        if self.beside { Line::Beside(Self { beside: false, ..self }) } else { Line::Objects(self) }
    }

    /// It asks for nothing beyond the first word.
    fn is_plain(&self) -> bool {
        *self == Self { word: self.word.clone(), ..Self::default() }
    }
}

/// The first words with what they mean; the first spelling of each is the one completed.
const WORDS: [(&[&str], Word); 41] = [
    (&["pods", "pod", "po"], Word::Pane(Command::ShowPods)),
    (&["routes", "route", "httproutes", "httproute"], Word::Pane(Command::ShowRoutes)),
    (&["mesh"], Word::Pane(Command::ShowMesh)),
    (&["graph"], Word::Run(Command::Graph)),
    (&["faults", "fault"], Word::Pane(Command::ShowFaults)),
    (&["agent", "ask"], Word::Run(Command::ShowAgent)),
    (&["ns", "namespace", "namespaces"], Word::Namespace),
    (&["ctx", "context", "contexts"], Word::Context),
    (&["split", "vsplit"], Word::Split),
    (&["unsplit", "only"], Word::Unsplit),
    (&["view"], Word::View),
    (&["save"], Word::Save),
    (&["all"], Word::Run(Command::AllNamespaces)),
    (&["xray", "x"], Word::Xray),
    (&["pulses", "pulse", "pu", "hz"], Word::Run(Command::Pulses)),
    (&["logs", "log"], Word::Logs),
    (&["cp", "copy"], Word::Copy),
    (&["pf", "forwards", "port-forwards"], Word::Run(Command::Forwards)),
    (&["help", "h"], Word::Run(Command::Help)),
    (&["abort"], Word::Run(Command::Abort)),
    (&["stop-all"], Word::Run(Command::StopAll)),
    (&["release"], Word::Release),
    (&["theme", "themes", "skin"], Word::Theme),
    (&["present", "presentation"], Word::Run(Command::Present)),
    (&["changes"], Word::Run(Command::ShowChanges)),
    (&["actions"], Word::Run(Command::Actions)),
    (&["scale"], Word::Act(ActionKind::Scale)),
    (&["restart"], Word::Act(ActionKind::Restart)),
    (&["rollback", "undo-rollout"], Word::Act(ActionKind::Rollback)),
    (&["suspend"], Word::Act(ActionKind::Suspend)),
    (&["resume"], Word::Act(ActionKind::Resume)),
    (&["trigger"], Word::Act(ActionKind::Trigger)),
    (&["cordon"], Word::Act(ActionKind::Cordon)),
    (&["uncordon"], Word::Act(ActionKind::Uncordon)),
    (&["drain"], Word::Act(ActionKind::Drain)),
    (&["label"], Word::Act(ActionKind::Label)),
    (&["annotate"], Word::Act(ActionKind::Annotate)),
    (&["delete"], Word::Act(ActionKind::Delete)),
    (&["kill"], Word::Act(ActionKind::Kill)),
    (&["q", "quit", "exit"], Word::Run(Command::Quit)),
    (&["demo"], Word::Run(Command::Demo)),
];

#[derive(Debug, Clone, Copy)]
enum Word {
    Pane(Command),
    Namespace,
    Context,
    Split,
    Unsplit,
    View,
    Save,
    Run(Command),
    Xray,
    Logs,
    Copy,
    Release,
    Theme,
    Act(ActionKind),
}

/// Reads a line. A first word that is none of brink's own may be a kind: only the cluster knows. The error is a sentence.
pub fn parse(line: &str) -> Result<Line, String> {
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return Err("type a command, such as pods or ns shop".to_owned()) };
    let rest: Vec<&str> = words.collect();
    let Some(word) = own(&first.to_lowercase()) else {
        return Request::read(first, rest.into_iter()).map(Request::into_line);
    };
    if let (Word::Pane(command), false) = (word, rest.is_empty()) {
        let request = Request::read(first, rest.into_iter())?;
        return Ok(match request {
            request if request.is_plain() => Line::Run(command),
            request if request.beside => request.into_line(),
            request => Line::Pane(command, request),
        });
    }
    match word {
        Word::Split => return split(&rest),
        Word::View => return saved::view(&rest).map(Line::View),
        Word::Save => return saved::save(&rest).map(Line::View),
        _ => {}
    }
    if let (Word::Release, false) = (word, rest.is_empty()) {
        return Ok(Line::Release(rest_of(line).to_owned()));
    }
    if let Word::Act(action) = word {
        return act(action, rest_of(line));
    }
    if let (Word::Xray, Some((kind, rest))) = (word, rest.split_first()) {
        return Request::read(kind, rest.iter().copied()).map(Line::Xray);
    }
    if let Word::Logs = word {
        let rest = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
        return logs_line::parse(rest).map(Line::Logs);
    }
    if let (Word::Copy, [from, to]) = (word, rest.as_slice()) {
        return Ok(Line::Copy((*from).to_owned(), (*to).to_owned()));
    }
    if let Some(extra) = rest.get(1) {
        return Err(format!("`{extra}` is one word too many after `{first}`"));
    }
    match (word, rest.first().copied()) {
        (Word::Pane(command) | Word::Run(command), None) => Ok(Line::Run(command)),
        (Word::Namespace, None) => Ok(Line::Run(Command::Namespaces)),
        (Word::Namespace, Some("all" | "-A")) => Ok(Line::Run(Command::AllNamespaces)),
        (Word::Namespace, Some(name)) => Ok(Line::Namespace(name.to_owned())),
        (Word::Context, None) => Ok(Line::Run(Command::Contexts)),
        (Word::Context, Some(name)) => Ok(Line::Context(name.to_owned())),
        (Word::Unsplit, None) => Ok(Line::Unsplit),
        (Word::Theme, name) => Ok(Line::Theme(name.map(str::to_owned))),
        (Word::Xray, _) => Ok(Line::Run(Command::Xray)),
        // Read above.
        (Word::Logs, _) => Ok(Line::Logs(LogsLine::default())),
        (Word::Split, _) => Ok(Line::Beside(Request::default())),
        (Word::View | Word::Save, _) => Ok(Line::View(ViewLine::List)),
        (Word::Copy, _) => Err("say from where to where: cp POD:/path local, or cp local POD:/path".to_owned()),
        (Word::Release, _) => Err("say why it is safe again: release REASON".to_owned()),
        (Word::Act(action), _) => act(action, rest_of(line)),
        (Word::Run(_) | Word::Pane(_) | Word::Unsplit, Some(extra)) => {
            Err(format!("`{first}` takes no argument, `{extra}` was given"))
        }
    }
}

/// The far side: `split [KIND …] [@CONTEXT]`; without a context one is chosen, without a kind it is the table of here.
fn split(rest: &[&str]) -> Result<Line, String> {
    let (word, more) = match rest.split_first() {
        None => return Ok(Line::Run(Command::Split)),
        Some((word, _)) if word.starts_with(['@', '/', '-']) || word.contains('=') => ("", rest),
        Some((word, more)) => (*word, more),
    };
    Request::read(word, more.iter().copied()).map(Line::Beside)
}

/// All behind the first word.
fn rest_of(line: &str) -> &str {
    line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim())
}

/// An action with what was typed behind it.
fn act(action: ActionKind, given: &str) -> Result<Line, String> {
    let word = action.word();
    match action {
        ActionKind::Scale if !given.is_empty() && given.parse::<u32>().is_err() => {
            Err(format!("`{given}` is no number of replicas: scale 3"))
        }
        ActionKind::Rollback if !given.is_empty() && given.parse::<i64>().is_err() => {
            Err(format!("`{given}` is no number of a revision: rollback 2"))
        }
        ActionKind::Label | ActionKind::Annotate if !given.is_empty() => {
            pairs::read(given, action == ActionKind::Label).map(|_| Line::Act(action, given.to_owned()))
        }
        ActionKind::Scale | ActionKind::Rollback => Ok(Line::Act(action, given.to_owned())),
        _ if given.is_empty() => Ok(Line::Act(action, String::new())),
        _ => Err(format!("`{word}` takes no argument, `{given}` was given: it is about the object under the cursor")),
    }
}

/// What to say of a first word that is neither brink's nor a kind the cluster serves.
pub fn unknown<'a>(first: &str, kinds: impl Iterator<Item = &'a str>) -> String {
    let own = WORDS.iter().flat_map(|(names, _)| names.iter().copied());
    match suggest::nearest(first, own.chain(kinds)) {
        Some(near) => {
            // Whatever spelling of brink's own is near, the first is the one to learn.
            let name = WORDS.iter().find(|(names, _)| names.contains(&near)).map_or(near, |(names, _)| names[0]);
            format!("no command and no kind `{first}`: did you mean `{name}`?")
        }
        None => format!("no command and no kind `{first}`: try pods, routes, mesh, faults, ns, ctx, help or q"),
    }
}

fn own(first: &str) -> Option<Word> {
    WORDS.iter().find(|(names, _)| names.contains(&first)).map(|(_, word)| *word)
}

/// What can be completed besides brink's own words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// Namespaces of the cluster.
    pub namespaces: &'a [String],
    /// Contexts of the kubeconfig.
    pub contexts: &'a [String],
    /// Names of kinds the cluster serves.
    pub kinds: &'a [String],
    /// Names of views that are kept.
    pub views: &'a [String],
}

/// What may complete the line typed so far, as whole lines, the most likely first.
pub fn complete(line: &str, names: Names<'_>) -> Vec<String> {
    let Some((front, typed)) = line.rsplit_once(' ') else {
        let first = line.to_lowercase();
        let words = WORDS.iter().map(|(names, _)| names[0]);
        let kinds = names.kinds.iter().map(String::as_str);
        let mut found: Vec<&str> = words.chain(kinds).filter(|name| name.starts_with(&first)).collect();
        let mut seen = std::collections::HashSet::new();
        found.retain(|name| seen.insert(*name));
        return found.into_iter().map(str::to_owned).collect();
    };
    let first = front.split_whitespace().next().unwrap_or_default();
    let rows = match own(first) {
        Some(Word::Pane(_) | Word::Logs | Word::Split | Word::Xray) | None => true,
        Some(
            Word::Unsplit
            | Word::View
            | Word::Save
            | Word::Namespace
            | Word::Context
            | Word::Run(_)
            | Word::Copy
            | Word::Release
            | Word::Theme
            | Word::Act(_),
        ) => false,
    };
    // Of a tree the kind comes first, and what comes behind a kind after it.
    let tree = matches!(own(first), Some(Word::Xray));
    if tree && front.trim() == first {
        let kinds = names.kinds.iter().filter(|name| name.starts_with(&typed.to_lowercase()));
        return kinds.map(|name| format!("{front} {name}")).collect();
    }
    let second = front.split_whitespace().count() == if tree { 2 } else { 1 };
    let (mark, typed, choices) = match (typed.strip_prefix('@'), own(first)) {
        (Some(typed), _) if rows => ("@", typed, names.contexts),
        (Some(typed), Some(Word::Save)) => ("@", typed, names.contexts),
        (_, Some(Word::View)) if second || matches!(front.trim(), "view delete" | "view rm" | "view save") => {
            ("", typed, names.views)
        }
        // What is saved again under its name takes its place.
        (_, Some(Word::Save)) if second => ("", typed, names.views),
        (_, Some(Word::Namespace)) if second => ("", typed, names.namespaces),
        (_, Some(Word::Context)) if second => ("", typed, names.contexts),
        _ if rows && (second || front.ends_with(" -n")) => ("", typed, names.namespaces),
        _ => return Vec::new(),
    };
    // Of several namespaces the last is being typed, and those before it are not typed again.
    let spaces = std::ptr::eq(choices, names.namespaces);
    let (before, typed) =
        typed.rsplit_once(',').filter(|_| spaces).map_or(("", typed), |(before, last)| (before, last));
    let comma = if before.is_empty() { "" } else { "," };
    let choices: Vec<&String> =
        choices.iter().filter(|name| !before.split(',').any(|known| known == name.as_str())).collect();
    let begins = choices.iter().filter(|name| name.starts_with(typed));
    let within = choices.iter().filter(|name| !name.starts_with(typed) && name.contains(typed));
    begins.chain(within).map(|name| format!("{front} {mark}{before}{comma}{name}")).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Line, Names, Place, Request, complete, parse, unknown};
    use crate::{fault::action::ActionKind, msg::command::Command};

    #[rstest]
    #[case("pods", Line::Run(Command::ShowPods))]
    #[case(" PO shop ", Line::Pane(Command::ShowPods, named("PO", "shop")))]
    #[case("pods -A", Line::Pane(Command::ShowPods, Request { place: Place::All, ..named("pods", "") }))]
    #[case("deploy", Line::Objects(Request { word: "deploy".to_owned(), ..Request::default() }))]
    #[case(
        "deploy shop /^web -l app=web @prod",
        Line::Objects(Request {
            filter: "^web".to_owned(),
            labels: "app=web".to_owned(),
            context: Some("prod".to_owned()),
            ..named("deploy", "shop")
        })
    )]
    #[case("svc app=web -f wb", Line::Objects(Request {
        word: "svc".to_owned(), labels: "app=web".to_owned(), filter: "-f wb".to_owned(), ..Request::default()
    }))]
    #[case("xray", Line::Run(Command::Xray))]
    #[case("x svc shop /^web", Line::Xray(Request { filter: "^web".to_owned(), ..named("svc", "shop") }))]
    #[case("hz", Line::Run(Command::Pulses))]
    #[case("ns", Line::Run(Command::Namespaces))]
    #[case("ns shop", Line::Namespace("shop".to_owned()))]
    #[case("ns all", Line::Run(Command::AllNamespaces))]
    #[case("ctx kind-demo", Line::Context("kind-demo".to_owned()))]
    #[case("theme", Line::Theme(None))]
    #[case("theme kiln", Line::Theme(Some("kiln".to_owned())))]
    #[case("q", Line::Run(Command::Quit))]
    #[case("scale 3", Line::Act(ActionKind::Scale, "3".to_owned()))]
    #[case("label tier=web old-", Line::Act(ActionKind::Label, "tier=web old-".to_owned()))]
    #[case("delete", Line::Act(ActionKind::Delete, String::new()))]
    #[case("release the cause is found", Line::Release("the cause is found".to_owned()))]
    fn lines_are_read(#[case] line: &str, #[case] expected: Line) {
        assert_eq!(parse(line), Ok(expected));
    }

    #[rstest]
    #[case("", "type a command, such as pods or ns shop")]
    #[case("deploy -l", "`-l` needs a value behind it")]
    #[case("deploy -x", "there is no option `-x`: -A, -n NAMESPACE, -l SELECTOR, -f LETTERS")]
    #[case("deploy a b", "`b` is one word too many after `deploy`")]
    #[case("ns a b", "`b` is one word too many after `ns`")]
    #[case("release", "say why it is safe again: release REASON")]
    #[case("scale many", "`many` is no number of replicas: scale 3")]
    #[case("label tier", "`tier` is neither key=value nor key-")]
    #[case("delete web", "`delete` takes no argument, `web` was given: it is about the object under the cursor")]
    #[case("xray svc a b", "`b` is one word too many after `svc`")]
    #[case("q now", "`q` takes no argument, `now` was given")]
    fn mistakes_are_told(#[case] line: &str, #[case] told: &str) {
        assert_eq!(parse(line), Err(told.to_owned()));
    }

    fn named(word: &str, place: &str) -> Request {
        Request { word: word.to_owned(), place: Place::Named(place.to_owned()), ..Request::default() }
    }

    #[test]
    fn what_is_near_is_suggested() {
        let kinds = ["deployments", "deploy"];
        assert_eq!(unknown("rotues", kinds.into_iter()), "no command and no kind `rotues`: did you mean `routes`?");
        assert!(unknown("deploymets", kinds.into_iter()).ends_with("did you mean `deployments`?"));
        assert!(unknown("zzzzzzzz", kinds.into_iter()).contains("try pods"));
    }

    #[test]
    fn words_and_names_are_completed() {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (namespaces, contexts) = (owned(&["kube-system", "shop", "web-shop"]), owned(&["prod", "kind"]));
        let kinds = owned(&["deployments", "roles", "pods"]);
        let names = Names { namespaces: &namespaces, contexts: &contexts, kinds: &kinds, ..Names::default() };
        assert_eq!(complete("ro", names), ["routes", "rollback", "roles"]);
        assert_eq!(complete("pod", names), ["pods"]);
        assert_eq!(complete("ns sh", names), ["ns shop", "ns web-shop"]);
        assert_eq!(complete("deployments sh", names), ["deployments shop", "deployments web-shop"]);
        assert_eq!(complete("deployments shop @p", names), ["deployments shop @prod"]);
        assert_eq!(complete("deployments -n sho", names), ["deployments -n shop", "deployments -n web-shop"]);
        assert_eq!(complete("xray de", names), ["xray deployments"]);
        assert_eq!(complete("xray deployments sh", names), ["xray deployments shop", "xray deployments web-shop"]);
        assert_eq!(complete("q sh", names), Vec::<String>::new());
    }
}
