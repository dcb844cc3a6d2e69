//! `routes resolve`: which route takes a request, and why the others do not. Exit 0 whatever the outcome.

use super::{
    Ended, Ending,
    args::{Globals, ResolveArgs, Shape},
    failure::Failure,
    out::Out,
    routes,
    session::Session,
};
use crate::{
    base::sanitize,
    mesh::resolve::{self, Outcome, Request, Resolution, Scheme},
};

/// Runs the command.
pub fn run(args: &ResolveArgs, globals: &Globals, out: &mut Out) -> Ended {
    let request = request(args, globals)?;
    let loaded = if args.files.is_empty() {
        let session = Session::open(globals)?;
        session.wait(routes::from_cluster(&session))?
    } else {
        routes::from_files(&args.files)?
    };
    let resolution = resolve::resolve(&loaded.world(), &request);
    match args.output.shape {
        Shape::Json => out.json(&resolution),
        Shape::Table => out.text(text(&request, &resolution)),
    }
    Ok(Ending::Done)
}

fn request(args: &ResolveArgs, globals: &Globals) -> Result<Request, Failure> {
    let pairs = |flag: &str, given: &[String]| {
        given
            .iter()
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
                _ => Err(Failure::usage(
                    format!("cannot understand {flag} {pair}"),
                    "it is not NAME=VALUE",
                    format!("write {flag} NAME=VALUE"),
                )),
            })
            .collect::<Result<Vec<_>, _>>()
    };
    if !args.path.starts_with('/') {
        return Err(Failure::usage(
            format!("cannot understand --path {}", args.path),
            "a path starts with /",
            format!("write --path /{}", args.path),
        ));
    }
    let namespace = globals.namespace.as_deref().unwrap_or("default");
    Ok(Request {
        scheme: if args.scheme == "https" { Scheme::Https } else { Scheme::Http },
        port: args.port,
        method: args.method.to_uppercase(),
        headers: pairs("--header", &args.headers)?,
        query: pairs("--query", &args.queries)?,
        gateway: args.gateway.as_deref().map(|gateway| {
            let (namespace, name) = gateway.split_once('/').unwrap_or((namespace, gateway));
            (namespace.into(), name.into())
        }),
        ..Request::get(&args.host, &args.path)
    })
}

fn text(request: &Request, resolution: &Resolution) -> String {
    let mut lines = vec![format!(
        "{} {}://{}{}",
        request.method,
        request.scheme.word(),
        sanitize::line(&request.host),
        sanitize::line(&request.path)
    )];
    let code = resolution.status.map(|code| format!(" ({code})")).unwrap_or_default();
    lines.push(match resolution.outcome {
        Outcome::Forward => "goes to a backend".to_owned(),
        Outcome::Redirect => format!("is redirected{code}"),
        Outcome::DirectResponse => format!("is answered by the proxy itself{code}"),
        Outcome::NoRoute => format!("matches no route{code}"),
        Outcome::NoBackend => format!("matches a rule without a valid backend{code}"),
    });
    if let Some(listener) = &resolution.listener {
        lines.push(format!("  listener  {}", sanitize::line(listener)));
    }
    if let Some(route) = &resolution.route {
        let place = |what: &str, index: Option<usize>| index.map(|at| format!(", {what} {at}")).unwrap_or_default();
        lines.push(format!(
            "  route     {}{}{}",
            sanitize::line(&route.to_string()),
            place("rule", resolution.rule),
            place("match", resolution.r#match)
        ));
    }
    for backend in &resolution.backends {
        let valid = if backend.valid { "" } else { "  not valid" };
        lines.push(format!("  backend   {} weight {}{valid}", sanitize::line(&backend.r#ref), backend.weight));
    }
    for filter in &resolution.filters {
        lines.push(format!("  filter    {} {}", filter.r#type, sanitize::line(&filter.detail)));
    }
    if let Some(to) = &resolution.redirect {
        lines.push(
            sanitize::line(&format!("  redirect  {}://{}:{}{}", to.scheme, to.host, to.port, to.path)).into_owned(),
        );
    }
    if let Some(timeout) = resolution.timeout_ms {
        lines.push(format!("  timeout   {timeout} ms"));
    }
    if let Some(retries) = resolution.retries {
        lines.push(format!("  retries   {retries}"));
    }
    for loser in &resolution.losers {
        let lost = serde_json::to_value(loser.lost_at).ok().and_then(|word| word.as_str().map(str::to_owned));
        lines.push(format!(
            "  lost      {}, rule {}, match {}: by {}",
            sanitize::line(&loser.route.to_string()),
            loser.rule,
            loser.r#match,
            lost.unwrap_or_default()
        ));
    }
    lines.extend(resolution.notes.iter().map(|note| format!("  note      {}", sanitize::line(note))));
    lines.join("\n") + "\n"
}
