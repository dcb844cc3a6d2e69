//! The connection to one MCP server: made with a deadline, its lists and answers bounded.

use std::time::Duration;

use reqwest::redirect;
use rmcp::{
    RoleClient,
    model::{
        CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientRequest, ContentBlock, Implementation,
        InitializeRequestParams, ListToolsRequest, PaginatedRequestParams, ProtocolVersion, ResourceContents,
        ServerResult,
    },
    service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt as _, RunningService, ServiceError},
    transport::{
        StreamableHttpClientTransport, async_rw::AsyncRwTransport,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::{Trouble, cause, child::Leashed};
use crate::{
    agent::{
        fence,
        mcp::{
            offered::{Listed, MOST_TOOLS, Offer, Offered},
            server::{Reach, Server},
        },
    },
    cluster::io::http_client,
};

/// How long a server may take to say who it is and what it offers.
const OPENING: Duration = Duration::from_secs(20);
/// How long it may take to list its tools once more.
const LISTING: Duration = Duration::from_secs(10);
/// Most bytes of one message: an answer is cut to a few KiB anyway.
const MESSAGE: usize = 4 << 20;
/// Most pages of one list.
const PAGES: usize = 10;

/// An open connection.
pub struct Link {
    server: Server,
    service: RunningService<RoleClient, InitializeRequestParams>,
    child: Option<Leashed>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its text, as it came.
    pub text: String,
    /// The server calls it an error.
    pub failed: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("server", &self.server.name).finish_non_exhaustive()
    }
}

impl Link {
    /// Connects.
    pub async fn open(server: &Server) -> Result<Self, Trouble> {
        let late = || {
            let what = format!("the MCP server {} did not answer within {} s", server.name, OPENING.as_secs());
            Trouble::new(what, "check its command or address in the settings (`brink mcp servers`)")
        };
        timeout(OPENING, Self::opened(server)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn opened(server: &Server) -> Result<Self, Trouble> {
        let us = Implementation::new("brink", env!("CARGO_PKG_VERSION"));
        // No capability is told: a server cannot ask a person, a model or the disk for anything through brink.
        let us = InitializeRequestParams::new(ClientCapabilities::default(), us);
        let mode = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        };
        match &server.reach {
            Reach::Command { words, env } => {
                let (child, out, into) = Leashed::start(words, env).map_err(|error| {
                    let program = words.first().map_or("", String::as_str);
                    let what = format!("cannot start the MCP server {}: {program}: {error}", server.name);
                    Trouble::new(what, format!("correct mcp.{}.command in the settings", server.name))
                })?;
                let transport = AsyncRwTransport::new(out, into).with_max_line_length(MESSAGE);
                let service = us.serve_with_lifecycle(transport, mode).await;
                match service {
                    Ok(service) => Ok(Self { server: server.clone(), service, child: Some(child) }),
                    Err(error) => Err(unopened(server, &error, &child.last_words().await)),
                }
            }
            Reach::Http { url, headers, token_env } => {
                let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                    .max_sse_event_size(MESSAGE)
                    .max_json_response_size(MESSAGE)
                    .custom_headers(headers.iter().cloned().collect());
                if let Some(name) = token_env {
                    let token = std::env::var(name).ok().filter(|token| !token.trim().is_empty()).ok_or_else(|| {
                        let what = format!("the MCP server {} needs a token, and ${name} is not set", server.name);
                        Trouble::new(what, format!("set {name}, or correct mcp.{}.token-env", server.name))
                    })?;
                    config = config.auth_header(token.trim());
                }
                let client = http_client::client(url.starts_with("https:"))
                    .connect_timeout(Duration::from_secs(5))
                    // A token must not follow a redirect to somebody else.
                    .redirect(redirect::Policy::none())
                    .build()
                    .map_err(|error| {
                        let what = format!("cannot ask the MCP server {}: {}", server.name, cause(&error));
                        Trouble::new(what, "check the system's certificates")
                    })?;
                let transport = StreamableHttpClientTransport::with_client(client, config);
                let service = us.serve_with_lifecycle(transport, mode).await;
                let service = service.map_err(|error| unopened(server, &error, ""))?;
                Ok(Self { server: server.clone(), service, child: None })
            }
        }
    }

    /// Whether the other side is still there.
    pub fn alive(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
    }

    /// What the server offers now. Its own word for how long a list stays true is not taken.
    pub async fn offer(&self) -> Result<Offer, Trouble> {
        let late = || {
            let what =
                format!("the MCP server {} did not list its tools within {} s", self.server.name, LISTING.as_secs());
            Trouble::new(what, "see what it does; its tools are left out")
        };
        timeout(LISTING, self.listed()).await.unwrap_or_else(|_| Err(late()))
    }

    async fn listed(&self) -> Result<Offer, Trouble> {
        let (mut listed, mut cursor) = (Vec::new(), None);
        for _ in 0..PAGES {
            let params = cursor.take().map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor)));
            let request = ListToolsRequest { params, ..ListToolsRequest::default() };
            let answer = self.service.send_request(ClientRequest::ListToolsRequest(request)).await;
            let page = match answer {
                Ok(ServerResult::ListToolsResult(page)) => page,
                Ok(_) => return Err(self.lost("it answered something else than a list of tools")),
                Err(error) => return Err(self.lost(&self.words(&error).await)),
            };
            listed.extend(page.tools.into_iter().map(|tool| Listed {
                name: tool.name.into_owned(),
                doc: tool.description.unwrap_or_default().into_owned(),
                schema: tool.input_schema.as_ref().clone(),
                read_only: tool.annotations.and_then(|hints| hints.read_only_hint).unwrap_or(false),
            }));
            cursor = page.next_cursor.filter(|cursor| !cursor.is_empty());
            if cursor.is_none() || listed.len() > MOST_TOOLS * 4 {
                break;
            }
        }
        Ok(Offer::of(&self.server, &listed, cursor.is_some()))
    }

    /// Calls a tool. Dropping the future tells the server so.
    pub async fn call(&self, tool: &Offered, arguments: Map<String, Value>) -> Result<Said, Trouble> {
        let params = CallToolRequestParams::new(tool.name.clone()).with_arguments(arguments);
        let patience = self.server.patience;
        let answer = match timeout(patience, self.service.call_tool_once(params)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(ServiceError::McpError(error))) => {
                return Ok(Said { text: error.message.into_owned(), failed: true });
            }
            Ok(Err(error)) => return Err(self.lost(&self.words(&error).await)),
            Err(_) => {
                let name = &self.server.name;
                let what =
                    format!("the MCP server {name} did not answer `{}` within {} s", tool.name, patience.as_secs());
                return Err(Trouble::new(what, format!("raise mcp.{name}.timeout if it needs longer")));
            }
        };
        match answer {
            CallToolResponse::Complete(result) => {
                let mut text = result.content.iter().map(words_of).collect::<Vec<_>>().join("\n");
                if text.trim().is_empty()
                    && let Some(value) = result.structured_content
                {
                    text = serde_json::to_string_pretty(&value).unwrap_or_default();
                }
                // Beyond this nothing is looked at: it would be cut all the same.
                let end = text.char_indices().map(|(at, _)| at).find(|at| *at > fence::MOST * 8).unwrap_or(text.len());
                text.truncate(end);
                Ok(Said { text, failed: result.is_error.unwrap_or(false) })
            }
            _ => Err(self.lost("it wants to ask back, or works on by itself; brink takes whole answers only")),
        }
    }

    async fn words(&self, error: &ServiceError) -> String {
        let last = match &self.child {
            Some(child) => child.last_words().await,
            None => String::new(),
        };
        if last.is_empty() { cause(error) } else { format!("{}: {last}", cause(error)) }
    }

    fn lost(&self, why: &str) -> Trouble {
        let fix = "the rest goes on without it; it is tried again with the next question";
        Trouble::new(format!("the MCP server {} is of no use: {why}", self.server.name), fix)
    }
}

fn unopened(server: &Server, error: &ClientInitializeError, last: &str) -> Trouble {
    let why = if last.is_empty() { cause(error) } else { format!("{}: {last}", cause(error)) };
    let what = format!("the MCP server {} cannot be used: {why}", server.name);
    Trouble::new(what, format!("check mcp.{} in the settings: {}", server.name, server.place()))
}

/// What is no text is named, not carried.
fn words_of(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[{}, {} bytes in base64, left out]", image.mime_type, image.data.len()),
        ContentBlock::Audio(audio) => format!("[{}, {} bytes in base64, left out]", audio.mime_type, audio.data.len()),
        ContentBlock::Resource(resource) => match &resource.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            _ => "[a file that is no text, left out]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("[link to {}]", link.uri),
        _ => "[something that is no text, left out]".to_owned(),
    }
}
