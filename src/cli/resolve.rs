//! `routes resolve`: which route takes a request, and why the others do not. Exit 0 whatever the outcome; what brink cannot
//! know is said in its notes.

use super::{
    Ended, Ending,
    args::{Globals, ResolveArgs, Shape},
    failure::Failure,
    out::Out,
    routes,
    session::Session,
};
use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api as _, Read},
    },
    mesh::resolve::{self, GrpcCall, Request, Scheme},
};

/// Runs the command.
pub fn run(args: &ResolveArgs, globals: &Globals, out: &mut Out) -> Ended {
    let request = request(args, globals)?;
    let loaded = if args.files.is_empty() {
        let session = Session::open(globals)?;
        session.wait(async {
            let client = match &request.from {
                Some((namespace, name)) => known(&session, namespace, name).await?,
                None => None,
            };
            let mut loaded = routes::from_cluster(&session).await?;
            if let Some(object) = &client {
                loaded.istio.workload(object);
            }
            Ok::<_, Failure>(loaded)
        })?
    } else {
        routes::from_files(&args.files)?
    };
    let resolution = resolve::resolve(&loaded.world(), &request);
    match args.output.shape {
        Shape::Json => out.json(&resolution),
        Shape::Table => {
            let lines = resolution.told(&request).into_iter().map(|(_, line)| line + "\n");
            out.text(lines.collect::<String>());
        }
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
        (None, None, Some("tcp" | "udp")) => "",
        (None, None, _) => {
            return Err(Failure::usage(
                "cannot resolve a request without a host",
                "only connections of --scheme tcp or udp have none",
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
        (Some(plain @ ("http" | "tcp" | "udp")), Some(_)) => {
            return Err(Failure::usage(
                format!("cannot use --sni with --scheme {plain}"),
                "only a TLS handshake carries a name",
                "write --scheme https, or leave --sni out",
            ));
        }
        (Some("tls"), _) => Scheme::Tls,
        (Some("tcp"), _) => Scheme::Tcp,
        (Some("udp"), _) => Scheme::Udp,
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
/// What it is says which rules of VirtualServices are for it.
async fn known(session: &Session, namespace: &str, name: &str) -> Result<Option<Manifest>, Failure> {
    let kinds = [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "Pod")];
    for (group, kind) in kinds {
        let plural = format!("{}s", kind.to_lowercase());
        let object = ObjectRef::new(Kind::namespaced(group, "v1", kind, &plural), namespace, name);
        match session.live.read(&Read::Get(object)).await {
            Err(trouble) if trouble.not_found() => {}
            Ok(answer) => return Ok(Some(answer.body)),
            Err(trouble) if trouble.code() == Some(403) => return Ok(None),
            Err(trouble) => return Err(session.trouble(format!("cannot look for {namespace}/{name}"), &trouble)),
        }
    }
    Err(Failure::usage(
        format!("cannot resolve from {namespace}/{name}"),
        "there is no Deployment, StatefulSet, DaemonSet or Pod of that name",
        format!("`brink get deployments -n {namespace}` shows what there is"),
    ))
}
