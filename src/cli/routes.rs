//! `routes`: every route with its hosts, its backends and who wins.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Ended, Ending,
    args::{Globals, RoutesArgs, RoutesCommand, Shape},
    failure::Failure,
    metrics,
    out::{self, Out},
    resolve,
    session::Session,
    table::Table,
};
use crate::{
    base::{age, sanitize},
    cluster::api::Api as _,
    mesh::{
        io::load,
        load::{LoadError, Loaded},
        output::RoutesOutput,
        routes::RouteRow,
        signals::{Origin, RouteGolden, Snapshot, route},
        wins::{self, Wins},
    },
};

/// Runs `routes` or what is below it.
pub fn run(args: &RoutesArgs, globals: &Globals, out: &mut Out) -> Ended {
    match &args.command {
        Some(RoutesCommand::Resolve(args)) => resolve::run(args, globals, out),
        None if args.files.is_empty() => {
            let session = Session::open(globals)?;
            let shown = session.wait(async {
                let loaded = from_cluster(&session).await?;
                let snapshot = metrics::measured(&session, route::gateway_names(&loaded.world())).await;
                Ok::<_, Failure>(Shown::new(loaded, session.namespace(), snapshot.as_ref()))
            })?;
            shown.print(session.namespace(), args.output.shape, Some(session.live.now()), out);
            Ok(Ending::Done)
        }
        None => {
            let namespace = globals.namespace.as_deref();
            let shown = Shown::new(from_files(&args.files)?, namespace, None);
            shown.print(namespace, args.output.shape, None, out);
            Ok(Ending::Done)
        }
    }
}

/// Routes, gateways and services from files; folders are read with everything below them that ends in yaml, yml or json.
pub fn from_files(files: &[PathBuf]) -> Result<Loaded, Failure> {
    let mut loaded = Loaded::default();
    for file in files {
        read(file, &mut loaded, true)?;
    }
    Ok(loaded)
}

fn read(path: &Path, loaded: &mut Loaded, named: bool) -> Result<(), Failure> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("cannot read {name}"), error.to_string(), "correct the path or its rights")
            .at(name.clone())
    };
    if path.is_dir() {
        let mut entries = fs::read_dir(path).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::path);
        return entries.iter().try_for_each(|entry| read(&entry.path(), loaded, false));
    }
    let known = path.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known));
    if !named && !known {
        return Ok(());
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    loaded.read(&name, &text).map_err(malformed)
}

fn malformed(error: LoadError) -> Failure {
    let place = match error.line {
        0 => error.file.clone(),
        line => format!("{}:{line}:{}", error.file, error.column),
    };
    Failure::usage(format!("cannot use {place}"), error.what, "correct the file at this place").at(place)
}

/// Everything the resolver can use, from the cluster.
pub async fn from_cluster(session: &Session) -> Result<Loaded, Failure> {
    load::everything(&session.live, session.namespace())
        .await
        .map_err(|unread| session.trouble(format!("cannot list {}", unread.plural), &unread.trouble))
}

/// Routes of one namespace or all, judged among all of them.
struct Shown {
    routes: Vec<RouteRow>,
    wins: Vec<Wins>,
    golden: Vec<RouteGolden>,
    measured: bool,
}

impl Shown {
    fn new(loaded: Loaded, namespace: Option<&str>, snapshot: Option<&Snapshot>) -> Self {
        let world = loaded.world();
        let wins = wins::wins(&world);
        let golden = match snapshot {
            Some(snapshot) => route::attribute(&world, &wins, &snapshot.measured),
            None => Vec::new(),
        };
        let here = |route: &RouteRow| namespace.is_none_or(|namespace| route.namespace == namespace);
        let kept: Vec<bool> = loaded.routes.iter().map(here).collect();
        let keep = |at: &usize| kept.get(*at).copied().unwrap_or_default();
        Self {
            wins: wins.into_iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, one)| one).collect(),
            golden: golden.into_iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, one)| one).collect(),
            routes: loaded.routes.into_iter().filter(here).collect(),
            measured: snapshot.is_some(),
        }
    }

    fn print(&self, namespace: Option<&str>, shape: Shape, now: Option<Timestamp>, out: &mut Out) {
        let lines = RoutesOutput::new(&self.routes, &self.wins, &self.golden);
        match shape {
            Shape::Json => out.json(&lines),
            Shape::Table if self.routes.is_empty() => {
                let place = namespace.map_or_else(String::new, |namespace| format!(" in {namespace}"));
                out::complain(&format!("no routes{place}\n"));
            }
            Shape::Table => out.text(self.table(&lines, namespace.is_none(), now)),
        }
    }

    fn table(&self, lines: &RoutesOutput, all: bool, now: Option<Timestamp>) -> Table {
        let mut header = vec!["KIND", "NAME", "HOSTS", "BACKENDS", "ACCEPTED", "WINS"];
        if all {
            header.insert(0, "NAMESPACE");
        }
        if self.measured {
            header.extend(["RPS", "ERR%", "P99 MS"]);
        }
        header.push("AGE");
        let mut table = Table::new(&header);
        let plain = |text: &str| sanitize::line(text).into_owned();
        for line in &lines.routes {
            let of = self.routes.iter().zip(&self.wins).find(|(row, _)| row.route_ref() == line.route);
            let backends: Vec<String> =
                line.backends.iter().map(|backend| format!("{}={}", backend.r#ref, backend.weight)).collect();
            let mut cells = vec![
                line.route.kind.name().to_owned(),
                plain(&line.route.name),
                if line.hosts.is_empty() { "*".to_owned() } else { plain(&line.hosts.join(",")) },
                if backends.is_empty() { "–".to_owned() } else { plain(&backends.join(",")) },
                line.accepted.map_or("–", |accepted| if accepted { "yes" } else { "no" }).to_owned(),
                of.map_or_else(String::new, |(_, wins)| plain(&wins.to_string())),
            ];
            if all {
                cells.insert(0, plain(&line.route.namespace));
            }
            if self.measured {
                let about = if line.source == Origin::Shared { "≈" } else { "" };
                let number =
                    |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{about}{value:.1}"));
                cells.extend([
                    number(line.golden.rps),
                    number(line.golden.error_share.map(|share| share * 100.0)),
                    number(line.golden.p99_ms),
                ]);
            }
            let created = of.and_then(|(row, _)| row.created);
            cells.push(match (now, created) {
                (Some(now), Some(created)) => {
                    age::age(Duration::try_from(now.duration_since(created)).unwrap_or_default()).to_string()
                }
                _ => "–".to_owned(),
            });
            table.row(cells);
        }
        table
    }
}
