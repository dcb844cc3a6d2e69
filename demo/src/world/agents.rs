//! The agents of a world and its tools: what they reach of it, who comes to them, and how time moves them on.

use jiff::Timestamp;
use serde_json::Value;

use super::World;
use crate::{
    agents::{self, Asked, Called, Desk, Load, Program, Ran, Site},
    api::{Onward, Request, Response},
    base::{
        objects::Objects as _,
        value::{list, text},
    },
    model::Rules,
    store::Store,
    traffic::{self, behaviour::Flow},
};

/// How many loads run at the same time.
const MOST_LOADS: usize = 4;

impl Site for World {
    fn ask(&mut self, account: &str, request: Request) -> Response {
        let namespace = account.rsplit(':').nth(1).unwrap_or_default();
        let groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        let request = Request { token: self.token.clone(), instead_of: account.to_owned(), groups, ..request };
        self.request(&request)
    }

    fn store(&self) -> &Store {
        self.cluster.store()
    }

    fn measured(&self, path: &str, params: &[(String, String)]) -> (u16, Value) {
        self.metrics(path, params)
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn now(&self) -> Timestamp {
        self.cluster.now()
    }

    fn load(&mut self, load: Load) -> Result<u64, String> {
        if self.traffic.loads() >= MOST_LOADS {
            return Err(format!("{MOST_LOADS} load tests run already; wait until one is over"));
        }
        let flow = Flow {
            name: String::new(),
            to: load.url,
            via: None,
            from: generator(&self.cluster),
            rps: 0.0,
            wave: None,
            method: load.method,
            headers: load.headers,
            timeout: Some(load.patience),
            grpc: false,
        };
        let qps = load.qps.unwrap_or(f64::INFINITY);
        let number = self.traffic.load(traffic::Wanted { flow, workers: load.connections, qps, lasts: load.lasts });
        // The proxies have to know of it.
        self.compiled = 0;
        Ok(number)
    }

    fn ran(&mut self, number: u64) -> Option<Ran> {
        let ended = self.traffic.ended(number, self.ticked)?;
        let mut took = ended.took;
        took.sort_by(f64::total_cmp);
        Some(Ran { lasted: ended.lasted, codes: ended.codes, took })
    }
}

/// The workload that makes load: the first whose container is fortio's. Without one, load comes from outside.
fn generator(cluster: &crate::api::Cluster) -> Option<String> {
    let fortio = |workload: &Value| {
        list(workload, &["spec", "template", "spec", "containers"]).iter().any(|container| {
            let image = text(container, &["image"]).rsplit('/').next().unwrap_or_default().to_owned();
            image.starts_with("fortio")
        })
    };
    let all = cluster.list(crate::base::kinds::DEPLOYMENT, None);
    let found = all.iter().find(|one| fortio(one))?;
    let (namespace, name) = (text(found, &["metadata", "namespace"]), text(found, &["metadata", "name"]));
    Some(format!("{namespace}/Deployment/{name}"))
}

impl World {
    /// Lets somebody do something at the desk of its agents.
    fn at_desk<T>(&mut self, deed: impl FnOnce(&mut Desk, &mut Self) -> T) -> T {
        let mut desk = std::mem::take(&mut self.desk);
        let done = deed(&mut desk, self);
        self.desk = desk;
        done
    }

    /// Lets its agents take the steps that are due.
    pub(super) fn think(&mut self) {
        self.at_desk(|desk, world| desk.advance(world));
    }

    /// What a listener at the desk has to hear.
    pub(super) fn hear(&mut self, listener: u64) -> crate::api::Pulled {
        self.desk.pull(listener)
    }

    /// Answers what comes to its agents from outside: to kagent's controller, or to the agent of the canary analysis.
    pub fn visit(&mut self, asked: &Asked<'_>) -> Response {
        let analyser = matches!(asked.path, "/" | "/q/health" | "/a2a/analyze");
        let program = if analyser { Program::Analyser } else { Program::Kagent };
        if agents::places(self.cluster.store(), program).is_empty() {
            let what = if analyser { "no agent of a canary analysis" } else { "no controller of kagent" };
            return agents::closed(&format!("{what} is ready in this world"));
        }
        self.at_desk(|desk, world| agents::answer(program, desk, world, asked))
    }

    /// Answers a request that is passed on to what stands behind a Service; `None`: it is meant for the API.
    pub(super) fn pass(&mut self, request: &Request) -> Option<Response> {
        let onward = match self.cluster.onward(request)? {
            Ok(onward) => onward,
            Err(refusal) => return Some(refusal.into()),
        };
        Some(self.passed(request, &onward).unwrap_or_else(|why| agents::closed(&why)))
    }

    fn passed(&mut self, request: &Request, onward: &Onward) -> Result<Response, String> {
        let (namespace, service) = (onward.namespace.as_str(), onward.service.as_str());
        let held = self.cluster.get(crate::base::kinds::SERVICE, namespace, service);
        if !held.is_some_and(|held| agents::has_port(&held, &onward.port)) {
            return Err(format!("no service port {:?} found for service {service:?}", onward.port));
        }
        let program = agents::behind(self.cluster.store(), namespace, service)?;
        let refused = || format!("error trying to reach service: {service}.{namespace}: connection refused");
        let program = program.ok_or_else(refused)?;
        let root = format!("http://{service}.{namespace}:{}", onward.port);
        let asked = Asked {
            method: &request.method,
            path: &onward.path,
            query: &request.query,
            headers: &request.headers,
            root: &root,
            body: &request.body,
        };
        Ok(self.at_desk(|desk, world| agents::answer(program, desk, world, &asked)))
    }

    /// Calls a tool for somebody who came by MCP, as the account of the server that has it.
    pub fn tool(&mut self, name: &str, given: &Value) -> Called {
        // kagent's tools read with the rights of their server; without one in this world they read what a viewer may.
        agents::call(self, TOOLS, name, given)
    }

    /// The words of a load that a tool began, once it is over.
    pub fn tool_ended(&mut self, begun: &agents::Begun) -> Option<String> {
        begun.result(self)
    }
}

/// Whose rights the tools behind MCP have.
const TOOLS: &str = "system:serviceaccount:kagent:kagent-tools";
