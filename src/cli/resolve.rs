//! `routes resolve`: which route takes a request, and why the others do not. Exit 0 whatever the outcome; what brink cannot
//! resolve is an error, not an outcome.

use super::{
    Ended, Ending,
    args::{Globals, ResolveArgs, Shape},
    failure::{Code, Failure},
    out::Out,
    routes,
    session::Session,
};
use crate::{
    base::sanitize,
    cluster::{
        Kind, ObjectRef,
        api::{Api as _, Read},
    },
    mesh::resolve::{self, GrpcCall, Outcome, Request, Resolution, Scheme, inside},
};

/// Runs the command.
pub fn run(args: &ResolveArgs, globals: &Globals, out: &mut Out) -> Ended {
    let request = request(args, globals)?;
    let loaded = if args.files.is_empty() {
        let session = Session::open(globals)?;
        session.wait(async {
            if let Some((namespace, name)) = &request.from {
                known(&session, namespace, name).await?;
            }
            routes::from_cluster(&session).await
        })?
    } else {
        routes::from_files(&args.files)?
    };
    let world = loaded.world();
    if let Some((namespace, name)) = &request.from
        && let Some(route) = inside::steering(&world, &request).first()
    {
        return Err(Failure::new(
            Code::Unmet,
            format!("cannot resolve what {namespace}/{name} sends to {}", request.host),
            format!("{} steers it, and brink does not resolve VirtualServices", route.route_ref()),
            format!(
                "`brink get virtualservice {} -n {} -o yaml` shows its rules: the first that matches takes the request",
                route.name, route.namespace
            ),
        ));
    }
    let resolution = resolve::resolve(&world, &request);
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
    let path = args.path.as_deref().unwrap_or("/");
    if !path.starts_with('/') {
        return Err(Failure::usage(
            format!("cannot understand --path {path}"),
            "a path starts with /",
            format!("write --path /{path}"),
        ));
    }
    let host = match (&args.host, &args.sni, args.scheme.as_deref()) {
        (Some(host), _, _) | (None, Some(host), _) => host.as_str(),
        (None, None, Some("tcp")) => "",
        (None, None, _) => {
            return Err(Failure::usage(
                "cannot resolve a request without a host",
                "only connections of --scheme tcp have none",
                "write --host HOST, or --scheme tcp with --gateway and --port",
            ));
        }
    };
    let mut request = Request::get(host, path);
    if let Some(method) = &args.method {
        request.method = method.to_uppercase();
    }
    if let Some(call) = &args.grpc {
        let call = GrpcCall::parse(call).ok_or_else(|| {
            Failure::usage(
                format!("cannot understand --grpc {call}"),
                "it is not SERVICE/METHOD",
                "write it like --grpc shop.Reviews/Get",
            )
        })?;
        request = Request::call(host, call);
    }
    let scheme = match (args.scheme.as_deref(), &args.sni) {
        (Some(plain @ ("http" | "tcp")), Some(_)) => {
            return Err(Failure::usage(
                format!("cannot use --sni with --scheme {plain}"),
                "only a TLS handshake carries a name",
                "write --scheme https, or leave --sni out",
            ));
        }
        (Some("tls"), _) => Scheme::Tls,
        (Some("tcp"), _) => Scheme::Tcp,
        (Some("https"), _) | (None, Some(_)) => Scheme::Https,
        (_, _) => Scheme::Http,
    };
    let from = args.from.as_deref().map(|from| match from.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((namespace.into(), name.into()))
        }
        _ => Err(Failure::usage(
            format!("cannot understand --from {from}"),
            "it is not NS/WORKLOAD",
            "write it like --from shop/productpage",
        )),
    });
    let namespace = globals.namespace.as_deref().unwrap_or("default");
    Ok(Request {
        scheme,
        port: args.port,
        class: args.ingress_class.as_deref().map(Into::into),
        sni: args.sni.clone(),
        from: from.transpose()?,
        headers: pairs("--header", &args.headers)?,
        query: pairs("--query", &args.queries)?,
        gateway: args.gateway.as_deref().map(|gateway| {
            let (namespace, name) = gateway.split_once('/').unwrap_or((namespace, gateway));
            (namespace.into(), name.into())
        }),
        ..request
    })
}

/// Makes sure that the workload is there: a typing error must not read as an answer. Without the right to look it is believed.
async fn known(session: &Session, namespace: &str, name: &str) -> Result<(), Failure> {
    let kinds = [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "Pod")];
    for (group, kind) in kinds {
        let plural = format!("{}s", kind.to_lowercase());
        let object = ObjectRef::new(Kind::namespaced(group, "v1", kind, &plural), namespace, name);
        match session.live.read(&Read::Get(object)).await {
            Err(trouble) if trouble.not_found() => {}
            Ok(_) => return Ok(()),
            Err(trouble) if trouble.code() == Some(403) => return Ok(()),
            Err(trouble) => return Err(session.trouble(format!("cannot look for {namespace}/{name}"), &trouble)),
        }
    }
    Err(Failure::usage(
        format!("cannot resolve from {namespace}/{name}"),
        "there is no Deployment, StatefulSet, DaemonSet or Pod of that name",
        format!("`brink get deployments -n {namespace}` shows what there is"),
    ))
}

fn text(request: &Request, resolution: &Resolution) -> String {
    let verb = if request.grpc.is_some() { "gRPC" } else { &request.method };
    let mut first = if request.scheme.is_stream() {
        let port = request.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("connection {}://{}{port}", request.scheme.word(), request.host)
    } else {
        format!("{verb} {}://{}{}", request.scheme.word(), request.host, request.path)
    };
    if let Some((namespace, name)) = &request.from {
        first.push_str(&format!(" from {namespace}/{name}"));
    }
    let mut lines = vec![sanitize::line(&first).into_owned()];
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
