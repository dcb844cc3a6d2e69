//! `…/services/NAME:PORT/proxy/PATH`: a request that is meant for what stands behind a Service. Rights are looked at here; who
//! answers is not the API's to know.

use super::{
    access::{self, Deed},
    cluster::Cluster,
    path::{self, Place},
    refusal::Refusal,
    wire::Request,
};

/// A request on its way to what stands behind a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// Namespace of the Service.
    pub namespace: String,
    /// Name of the Service.
    pub service: String,
    /// Its port, by number or name; empty: its first.
    pub port: String,
    /// The path there, with its slash.
    pub path: String,
}

impl Cluster {
    /// Where a request goes on to; `None`: it is meant for the API itself.
    pub fn onward(&self, request: &Request) -> Option<Result<Onward, Refusal>> {
        // Most requests are told from it without reading the path.
        if !request.path.contains("/proxy") {
            return None;
        }
        let Place::Objects(target) = path::read(&request.path) else { return None };
        let rest = target.subresource.strip_prefix("proxy").filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        if !target.group.is_empty() || target.plural != "services" {
            return None;
        }
        let parts: Vec<&str> = target.name.split(':').collect();
        let (service, port) = match parts.as_slice() {
            [name] => (*name, ""),
            [name, port] | ["http", name, port] => (*name, *port),
            _ => return Some(Err(Refusal::bad(format!("invalid service request {:?}", target.name)))),
        };
        let onward = Onward {
            namespace: target.namespace.clone(),
            service: service.to_owned(),
            port: port.to_owned(),
            path: if rest.is_empty() { "/".to_owned() } else { rest.to_owned() },
        };
        Some(self.admitted(request, &target, service).map(|()| onward))
    }

    fn admitted(&self, request: &Request, target: &path::Target, service: &str) -> Result<(), Refusal> {
        let user = self.users.iter().find(|user| !request.token.is_empty() && user.token == request.token);
        let user = user.cloned().ok_or_else(|| Refusal::new(401, "Unauthorized", "Unauthorized"))?;
        let user = self.instead(request, user)?;
        let verb = match request.method.as_str() {
            "GET" | "HEAD" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => return Err(Refusal::method()),
        };
        let deed = Deed { resource: "services/proxy".to_owned(), ..Deed::to(verb, target) };
        access::require(self, &user, &deed)?;
        let kind = self.kind_at("", "v1", "services")?;
        self.existing(kind, &path::Target { name: service.to_owned(), ..target.clone() }).map(drop)
    }
}
