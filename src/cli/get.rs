//! `get`: objects of any kind, printed with the server's own columns.

use serde::Deserialize;

use super::{
    Ended, Ending,
    args::{GetArgs, GetShape, Globals},
    failure::{Code, Failure},
    out::{self, Out},
    session::Session,
    table::Table,
};
use crate::{
    base::{sanitize, suggest},
    cluster::{
        Kind, ObjectRef,
        discovery::{Discovery, Served},
        io::{
            discovery,
            raw::{self, Form, What},
        },
    },
};

/// `Table` of meta.k8s.io/v1, as far as it is printed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Answer {
    column_definitions: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Column {
    name: String,
    priority: i32,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Row {
    cells: Vec<serde_json::Value>,
    object: Object,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Object {
    metadata: Metadata,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
}

/// Runs the command.
pub fn run(args: &GetArgs, globals: &Globals, out: &mut Out) -> Ended {
    let (kind, name) = match (args.kind.split_once('/'), &args.name) {
        (None, name) => (args.kind.as_str(), name.as_deref()),
        (Some((kind, name)), None) => (kind, Some(name)),
        (Some(_), Some(_)) => {
            return Err(Failure::usage(
                "cannot understand the command line",
                "the name is given twice",
                "write KIND NAME or KIND/NAME",
            ));
        }
    };
    if name.is_some() && args.selector.is_some() {
        return Err(Failure::usage(
            "cannot understand the command line",
            "a name and a selector do not go together",
            "leave one of them out",
        ));
    }
    let session = Session::open(globals)?;
    session.wait(answer(&session, kind, name, args, out))
}

async fn answer(session: &Session, kind: &str, name: Option<&str>, args: &GetArgs, out: &mut Out) -> Ended {
    let found = discovery::discover(&session.link)
        .await
        .map_err(|trouble| session.trouble("cannot ask which kinds the cluster serves", &trouble))?;
    let served = served(&found, kind)?;
    let what = what(session, &served.kind, name, args)?;
    let form = match args.shape {
        GetShape::Json => Form::Json,
        GetShape::Yaml => Form::Yaml,
        GetShape::Table | GetShape::Wide | GetShape::Name => Form::Table,
    };
    let body = raw::read(&session.link, &what, form).await.map_err(|trouble| {
        let asked = match name {
            Some(name) => format!("cannot get {} {name}{}", served.kind.plural, session.where_(served.kind.namespaced)),
            None => format!("cannot list {}{}", served.kind.plural, session.where_(served.kind.namespaced)),
        };
        session.trouble(asked, &trouble)
    })?;
    if form != Form::Table {
        // As the server returned it; escape sequences cannot stand raw in JSON, and YAML quotes them.
        out.text(String::from_utf8_lossy(&body).trim_end());
        out.text("\n");
        return Ok(Ending::Done);
    }
    let answer: Answer = serde_json::from_slice(&body).map_err(|error| {
        let fix = "check that `server` in the kubeconfig is a Kubernetes API server";
        Failure::new(Code::Unreachable, "cannot read the answer", format!("it is not a Table: {error}"), fix)
            .at(session.link.server())
    })?;
    if answer.rows.is_empty() {
        out::complain(&format!("no {}{}\n", served.kind.plural, session.where_(served.kind.namespaced)));
    } else if args.shape == GetShape::Name {
        names(&answer, served, out);
    } else {
        let all = served.kind.namespaced && name.is_none() && session.namespace().is_none();
        out.text(table(&answer, all, args.shape == GetShape::Wide));
    }
    Ok(Ending::Done)
}

fn served<'a>(found: &'a Discovery, kind: &str) -> Result<&'a Served, Failure> {
    found.find(kind).ok_or_else(|| {
        let fix = match suggest::nearest(kind, found.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`kubectl api-resources` lists the kinds".to_owned(),
        };
        let gaps =
            if found.gaps.is_empty() { String::new() } else { format!(" (not asked: {})", found.gaps.join("; ")) };
        Failure::usage(format!("cannot get {kind}"), format!("the cluster serves no kind of this name{gaps}"), fix)
    })
}

fn what(session: &Session, kind: &Kind, name: Option<&str>, args: &GetArgs) -> Result<What, Failure> {
    match name {
        Some(name) => {
            if session.settings.all_namespaces() && kind.namespaced {
                return Err(Failure::usage(
                    format!("cannot get {} {name}", kind.plural),
                    "a name means one object, in one namespace",
                    "name the namespace with -n, or leave the name out",
                ));
            }
            Ok(What::One(ObjectRef::new(kind.clone(), session.link.namespace(), name)))
        }
        None => Ok(What::All {
            kind: kind.clone(),
            namespace: session.namespace().filter(|_| kind.namespaced).map(str::to_owned),
            labels: args.selector.clone().unwrap_or_default(),
        }),
    }
}

/// `pod/web`, `httproute.gateway.networking.k8s.io/web`.
fn names(answer: &Answer, served: &Served, out: &mut Out) {
    let kind = served.kind.kind.to_lowercase();
    let group = if served.kind.group.is_empty() { String::new() } else { format!(".{}", served.kind.group) };
    for row in &answer.rows {
        out.line(format_args!("{kind}{group}/{}", sanitize::line(&row.object.metadata.name)));
    }
}

fn table(answer: &Answer, all: bool, wide: bool) -> Table {
    let shown: Vec<usize> = answer
        .column_definitions
        .iter()
        .enumerate()
        .filter(|(_, column)| wide || column.priority == 0)
        .map(|(at, _)| at)
        .collect();
    let heading = |at: &usize| answer.column_definitions.get(*at).map(|column| column.name.to_uppercase());
    let mut header: Vec<String> =
        shown.iter().filter_map(heading).map(|name| sanitize::line(&name).into_owned()).collect();
    if all {
        header.insert(0, "NAMESPACE".to_owned());
    }
    let mut table = Table::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &answer.rows {
        let mut cells: Vec<String> = shown
            .iter()
            .map(|at| match row.cells.get(*at) {
                Some(serde_json::Value::String(text)) => sanitize::line(text).into_owned(),
                None | Some(serde_json::Value::Null) => "<none>".to_owned(),
                Some(other) => other.to_string(),
            })
            .collect();
        if all {
            cells.insert(0, sanitize::line(&row.object.metadata.namespace).into_owned());
        }
        table.row(cells);
    }
    table
}
