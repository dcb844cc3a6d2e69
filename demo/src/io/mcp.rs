//! The door of the world's MCP server, over streamable HTTP: the load generator's tools, and those of kagent's that only read.

use std::{convert::Infallible, future::Future, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt as _, combinators::BoxBody};
use hyper::{Request, body::Incoming};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{machine::Machine, plain, serve::Shared};
use crate::agents::{self, Begun, Called, Server};

/// The longest request that is read.
const LONGEST: usize = 1 << 20;
/// The path at which it is spoken.
pub const PATH: &str = "/mcp";

/// Lets clients in, until the task is aborted.
pub async fn accept<M: Machine>(listener: TcpListener, shared: Arc<Shared<M>>) {
    let config = StreamableHttpServerConfig::default().with_max_request_body_bytes(LONGEST);
    let made = move || Ok(Tools { shared: Arc::clone(&shared) });
    let service = StreamableHttpService::new(made, Arc::new(LocalSessionManager::default()), config);
    plain::accept(listener, move |request| handle(request, service.clone())).await;
}

async fn handle<M: Machine>(
    request: Request<Incoming>,
    service: StreamableHttpService<Tools<M>, LocalSessionManager>,
) -> hyper::Response<BoxBody<Bytes, Infallible>> {
    if request.uri().path().trim_end_matches('/') == PATH {
        return service.handle(request).await;
    }
    let words = Bytes::from_static(b"MCP is spoken at /mcp\n");
    let mut nowhere = hyper::Response::new(http_body_util::Full::new(words).boxed());
    *nowhere.status_mut() = hyper::StatusCode::NOT_FOUND;
    nowhere
}

/// The tools of a world.
struct Tools<M> {
    shared: Arc<Shared<M>>,
}

impl<M: Machine> Tools<M> {
    async fn called(&self, name: &str, given: &Value) -> CallToolResult {
        let words = |text: String| vec![ContentBlock::text(text)];
        match self.shared.with(|machine| machine.tool(name, given)) {
            Called::Said(said) => CallToolResult::success(words(said)),
            Called::Failed(why) => CallToolResult::error(words(why)),
            Called::Runs(begun) => CallToolResult::success(words(self.until(&begun).await)),
        }
    }

    /// Waits until a load is over. The world ends it by its own time.
    async fn until(&self, begun: &Begun) -> String {
        let mut steps = self.shared.steps.subscribe();
        loop {
            steps.borrow_and_update();
            if let Some(said) = self.shared.ask(|machine| machine.tool_ended(begun)) {
                return said;
            }
            if steps.changed().await.is_err() {
                return "the world ended before the test".to_owned();
            }
        }
    }
}

impl<M: Machine> ServerHandler for Tools<M> {
    fn get_info(&self) -> ServerConfig {
        let about =
            "Tools of a simulated cluster: load tests against its Services, and lookups. Nothing here changes objects.";
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("brink-demo", env!("CARGO_PKG_VERSION")))
            .with_instructions(about)
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + Send + '_ {
        std::future::ready(Ok(ListToolsResult::with_all_items(agents::offered().map(told).collect())))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.to_string();
        if !agents::offered().any(|tool| tool.name == name) {
            return Err(ErrorData::invalid_params(format!("there is no tool {name:?}"), None));
        }
        let given = Value::Object(request.arguments.unwrap_or_default());
        Ok(self.called(&name, &given).await.into())
    }
}

fn told(tool: &agents::Tool) -> Tool {
    let schema = match tool.schema() {
        Value::Object(schema) => schema,
        _ => serde_json::Map::new(),
    };
    // A test sends requests, which a Service may well mind.
    let quiet = tool.server == Server::Kagent || tool.name != "run_load_test";
    Tool::new(tool.name, tool.about(), schema).with_annotations(ToolAnnotations::new().read_only(quiet))
}
