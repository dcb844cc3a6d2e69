//! The one table of settings: what the file, the environment and the flags may say. The reference in `docs/config.md`, the
//! `config` subcommand and the reader of the file are all made from it.

use crate::agent::tuning::ToolMode;

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Kubeconfig file.
    Kubeconfig,
    /// Context.
    Context,
    /// Namespace.
    Namespace,
    /// Start with all namespaces.
    AllNamespaces,
    /// Refuse every write.
    Readonly,
    /// Metric source.
    Prometheus,
    /// File with its bearer token.
    PrometheusTokenFile,
    /// Headers of each question.
    PrometheusHeaders,
    /// Authorities to trust.
    PrometheusCa,
    /// Certificate of the client.
    PrometheusCert,
    /// Its key.
    PrometheusKey,
    /// Guardrails.
    Policy,
    /// Where journals live.
    StateDir,
    /// Colours.
    Theme,
    /// Draw with ASCII alone.
    Ascii,
    /// Keys.
    Keymap,
    /// Most frames a second.
    Fps,
    /// Percent of 4xx from which something is degraded.
    Health4xxDegraded,
    /// Percent of 4xx from which something is failing.
    Health4xxFailing,
    /// Percent of 5xx from which something is degraded.
    Health5xxDegraded,
    /// Percent of 5xx from which something is failing.
    Health5xxFailing,
    /// Percent of gRPC errors from which something is degraded.
    HealthGrpcDegraded,
    /// Percent of gRPC errors from which something is failing.
    HealthGrpcFailing,
    /// How the model's provider speaks.
    AgentProvider,
    /// Where the provider is.
    AgentUrl,
    /// The model.
    AgentModel,
    /// The environment variable with the key.
    AgentKeyEnv,
    /// The command that prints the key.
    AgentKeyCommand,
    /// Most tokens of one answer.
    AgentMaxTokens,
    /// Tokens the model's context holds.
    AgentContextTokens,
    /// One of the agents of the file.
    AgentName,
    /// The file with the key.
    AgentKeyFile,
    /// The header of the key.
    AgentKeyHeader,
    /// Sampling temperature.
    AgentTemperature,
    /// Seed of the sampling.
    AgentSeed,
    /// How long a connection may take.
    AgentConnectTimeout,
    /// How long nothing may come.
    AgentStallTimeout,
    /// How long one answer may take.
    AgentTimeout,
    /// Headers of each request.
    AgentHeaders,
    /// The query of each request.
    AgentQuery,
    /// Members of each request.
    AgentExtraBody,
    /// How tools are called.
    AgentToolMode,
    /// Only this machine is spoken to.
    AgentLocalOnly,
    /// Most requests to the model in a minute.
    AgentCallsPerMinute,
    /// Most tool calls of a turn.
    AgentToolCalls,
    /// Most tokens of a conversation.
    AgentTokens,
    /// Most seconds of a turn.
    AgentSeconds,
    /// Whether anything of the cluster is told.
    AgentClusterData,
    /// Namespaces nothing is told of.
    AgentExcludeNamespaces,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A name.
    Name,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A command for the shell.
    Command,
    /// A path; relative ones start at the file that says them, `~/` at the home folder.
    Path,
    /// An address.
    Url,
    /// An address, or one of these words.
    UrlOr(&'static [&'static str]),
    /// HTTP headers.
    Headers,
    /// `true` or `false`.
    Flag,
    /// A whole number from … to ….
    Count(u64, u64),
    /// A number from … to ….
    Decimal(u64, u64),
    /// A span of time.
    Span,
    /// Pairs of a query.
    Query,
    /// A JSON object.
    Object,
    /// Names with `*` in them.
    Patterns,
}

impl Holds {
    /// In words, for the reference.
    pub fn words(self) -> String {
        match self {
            Self::Name => "name".to_owned(),
            Self::Choice(words) => words.join(" or "),
            Self::Command => "command".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::UrlOr(words) => format!("URL, {}", words.join(" or ")),
            Self::Headers => "headers".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Count(least, most) => format!("{least} to {most}"),
            Self::Decimal(least, most) => format!("{least}.0 to {most}.0"),
            Self::Span => "span of time".to_owned(),
            Self::Query => "query".to_owned(),
            Self::Object => "JSON object".to_owned(),
            Self::Patterns => "list of patterns".to_owned(),
        }
    }
}

impl Key {
    /// All settings, in the order of the reference.
    pub const ALL: [Self; 49] = [
        Self::Kubeconfig,
        Self::Context,
        Self::Namespace,
        Self::AllNamespaces,
        Self::Readonly,
        Self::Prometheus,
        Self::PrometheusTokenFile,
        Self::PrometheusHeaders,
        Self::PrometheusCa,
        Self::PrometheusCert,
        Self::PrometheusKey,
        Self::Policy,
        Self::StateDir,
        Self::Theme,
        Self::Ascii,
        Self::Keymap,
        Self::Fps,
        Self::Health4xxDegraded,
        Self::Health4xxFailing,
        Self::Health5xxDegraded,
        Self::Health5xxFailing,
        Self::HealthGrpcDegraded,
        Self::HealthGrpcFailing,
        Self::AgentProvider,
        Self::AgentUrl,
        Self::AgentModel,
        Self::AgentKeyEnv,
        Self::AgentKeyCommand,
        Self::AgentMaxTokens,
        Self::AgentContextTokens,
        Self::AgentName,
        Self::AgentKeyFile,
        Self::AgentKeyHeader,
        Self::AgentTemperature,
        Self::AgentSeed,
        Self::AgentConnectTimeout,
        Self::AgentStallTimeout,
        Self::AgentTimeout,
        Self::AgentHeaders,
        Self::AgentQuery,
        Self::AgentExtraBody,
        Self::AgentToolMode,
        Self::AgentLocalOnly,
        Self::AgentCallsPerMinute,
        Self::AgentToolCalls,
        Self::AgentTokens,
        Self::AgentSeconds,
        Self::AgentClusterData,
        Self::AgentExcludeNamespaces,
    ];

    /// The table of the file that holds the settings of the agent.
    pub const AGENT: &'static str = "agent";
    /// The table of agents with names.
    pub const AGENTS: &'static str = "agents";

    /// Whether an agent with a name may say it.
    pub fn per_agent(self) -> bool {
        self.agent_word().is_some() && self != Self::AgentName
    }

    /// Its name in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kubeconfig => "kubeconfig",
            Self::Context => "context",
            Self::Namespace => "namespace",
            Self::AllNamespaces => "all-namespaces",
            Self::Readonly => "readonly",
            Self::Prometheus => "prometheus",
            Self::PrometheusTokenFile => "prometheus-token-file",
            Self::PrometheusHeaders => "prometheus-headers",
            Self::PrometheusCa => "prometheus-ca",
            Self::PrometheusCert => "prometheus-cert",
            Self::PrometheusKey => "prometheus-key",
            Self::Policy => "policy",
            Self::StateDir => "state-dir",
            Self::Theme => "theme",
            Self::Ascii => "ascii",
            Self::Keymap => "keymap",
            Self::Fps => "fps",
            Self::Health4xxDegraded => "health-4xx-degraded",
            Self::Health4xxFailing => "health-4xx-failing",
            Self::Health5xxDegraded => "health-5xx-degraded",
            Self::Health5xxFailing => "health-5xx-failing",
            Self::HealthGrpcDegraded => "health-grpc-degraded",
            Self::HealthGrpcFailing => "health-grpc-failing",
            Self::AgentProvider => "agent.provider",
            Self::AgentUrl => "agent.base-url",
            Self::AgentModel => "agent.model",
            Self::AgentKeyEnv => "agent.key-env",
            Self::AgentKeyCommand => "agent.key-command",
            Self::AgentMaxTokens => "agent.max-tokens",
            Self::AgentContextTokens => "agent.context-tokens",
            Self::AgentName => "agent.name",
            Self::AgentKeyFile => "agent.key-file",
            Self::AgentKeyHeader => "agent.key-header",
            Self::AgentTemperature => "agent.temperature",
            Self::AgentSeed => "agent.seed",
            Self::AgentConnectTimeout => "agent.connect-timeout",
            Self::AgentStallTimeout => "agent.stall-timeout",
            Self::AgentTimeout => "agent.timeout",
            Self::AgentHeaders => "agent.headers",
            Self::AgentQuery => "agent.query",
            Self::AgentExtraBody => "agent.extra-body",
            Self::AgentToolMode => "agent.tool-mode",
            Self::AgentLocalOnly => "agent.local-only",
            Self::AgentCallsPerMinute => "agent.calls-per-minute",
            Self::AgentToolCalls => "agent.tool-calls",
            Self::AgentTokens => "agent.tokens",
            Self::AgentSeconds => "agent.seconds",
            Self::AgentClusterData => "agent.cluster-data",
            Self::AgentExcludeNamespaces => "agent.exclude-namespaces",
        }
    }

    /// Its name in the table of the agent; `None` for all others.
    pub fn agent_word(self) -> Option<&'static str> {
        self.word().strip_prefix(Self::AGENT)?.strip_prefix('.')
    }

    /// The setting of that name.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.word() == word)
    }

    /// The environment variable that overrides the file.
    pub fn env(self) -> &'static str {
        match self {
            Self::Kubeconfig => "KUBECONFIG",
            Self::Context => "BRINK_CONTEXT",
            Self::Namespace => "BRINK_NAMESPACE",
            Self::AllNamespaces => "BRINK_ALL_NAMESPACES",
            Self::Readonly => "BRINK_READONLY",
            Self::Prometheus => "BRINK_PROMETHEUS",
            Self::PrometheusTokenFile => "BRINK_PROMETHEUS_TOKEN_FILE",
            Self::PrometheusHeaders => "BRINK_PROMETHEUS_HEADERS",
            Self::PrometheusCa => "BRINK_PROMETHEUS_CA",
            Self::PrometheusCert => "BRINK_PROMETHEUS_CERT",
            Self::PrometheusKey => "BRINK_PROMETHEUS_KEY",
            Self::Policy => "BRINK_POLICY",
            Self::StateDir => "BRINK_STATE_DIR",
            Self::Theme => "BRINK_THEME",
            Self::Ascii => "BRINK_ASCII",
            Self::Keymap => "BRINK_KEYMAP",
            Self::Fps => "BRINK_FPS",
            Self::Health4xxDegraded => "BRINK_HEALTH_4XX_DEGRADED",
            Self::Health4xxFailing => "BRINK_HEALTH_4XX_FAILING",
            Self::Health5xxDegraded => "BRINK_HEALTH_5XX_DEGRADED",
            Self::Health5xxFailing => "BRINK_HEALTH_5XX_FAILING",
            Self::HealthGrpcDegraded => "BRINK_HEALTH_GRPC_DEGRADED",
            Self::HealthGrpcFailing => "BRINK_HEALTH_GRPC_FAILING",
            Self::AgentProvider => "BRINK_AGENT_PROVIDER",
            Self::AgentUrl => "BRINK_AGENT_URL",
            Self::AgentModel => "BRINK_AGENT_MODEL",
            Self::AgentKeyEnv => "BRINK_AGENT_KEY_ENV",
            Self::AgentKeyCommand => "BRINK_AGENT_KEY_COMMAND",
            Self::AgentMaxTokens => "BRINK_AGENT_MAX_TOKENS",
            Self::AgentContextTokens => "BRINK_AGENT_CONTEXT_TOKENS",
            Self::AgentName => "BRINK_AGENT",
            Self::AgentKeyFile => "BRINK_AGENT_KEY_FILE",
            Self::AgentKeyHeader => "BRINK_AGENT_KEY_HEADER",
            Self::AgentTemperature => "BRINK_AGENT_TEMPERATURE",
            Self::AgentSeed => "BRINK_AGENT_SEED",
            Self::AgentConnectTimeout => "BRINK_AGENT_CONNECT_TIMEOUT",
            Self::AgentStallTimeout => "BRINK_AGENT_STALL_TIMEOUT",
            Self::AgentTimeout => "BRINK_AGENT_TIMEOUT",
            Self::AgentHeaders => "BRINK_AGENT_HEADERS",
            Self::AgentQuery => "BRINK_AGENT_QUERY",
            Self::AgentExtraBody => "BRINK_AGENT_EXTRA_BODY",
            Self::AgentToolMode => "BRINK_AGENT_TOOL_MODE",
            Self::AgentLocalOnly => "BRINK_AGENT_LOCAL_ONLY",
            Self::AgentCallsPerMinute => "BRINK_AGENT_CALLS_PER_MINUTE",
            Self::AgentToolCalls => "BRINK_AGENT_TOOL_CALLS",
            Self::AgentTokens => "BRINK_AGENT_TOKENS",
            Self::AgentSeconds => "BRINK_AGENT_SECONDS",
            Self::AgentClusterData => "BRINK_AGENT_CLUSTER_DATA",
            Self::AgentExcludeNamespaces => "BRINK_AGENT_EXCLUDE_NAMESPACES",
        }
    }

    /// The flag that overrides the environment.
    pub fn flag(self) -> Option<&'static str> {
        match self {
            Self::Kubeconfig => Some("--kubeconfig"),
            Self::Context => Some("--context"),
            Self::Namespace => Some("-n, --namespace"),
            Self::AllNamespaces => Some("-A, --all-namespaces"),
            Self::Readonly => Some("--readonly"),
            Self::AgentClusterData => Some("--no-cluster-data"),
            Self::Prometheus => Some("--prometheus"),
            Self::Policy => Some("--policy"),
            Self::StateDir => Some("--state-dir"),
            Self::Theme => Some("--theme"),
            Self::Ascii => Some("--ascii"),
            Self::Keymap => Some("--keymap"),
            Self::AgentProvider | Self::AgentUrl | Self::AgentModel | Self::AgentName => Some("--agent"),
            Self::PrometheusTokenFile
            | Self::PrometheusHeaders
            | Self::PrometheusCa
            | Self::PrometheusCert
            | Self::PrometheusKey
            | Self::Fps
            | Self::Health4xxDegraded
            | Self::Health4xxFailing
            | Self::Health5xxDegraded
            | Self::Health5xxFailing
            | Self::HealthGrpcDegraded
            | Self::HealthGrpcFailing
            | Self::AgentKeyEnv
            | Self::AgentKeyCommand
            | Self::AgentMaxTokens
            | Self::AgentContextTokens
            | Self::AgentKeyFile
            | Self::AgentKeyHeader
            | Self::AgentTemperature
            | Self::AgentSeed
            | Self::AgentConnectTimeout
            | Self::AgentStallTimeout
            | Self::AgentTimeout
            | Self::AgentHeaders
            | Self::AgentQuery
            | Self::AgentExtraBody
            | Self::AgentToolMode
            | Self::AgentLocalOnly
            | Self::AgentCallsPerMinute
            | Self::AgentToolCalls
            | Self::AgentTokens
            | Self::AgentSeconds
            | Self::AgentExcludeNamespaces => None,
        }
    }

    /// What it holds.
    pub fn holds(self) -> Holds {
        match self {
            Self::Context | Self::Namespace | Self::Theme | Self::Keymap | Self::AgentModel | Self::AgentKeyEnv => {
                Holds::Name
            }
            Self::AgentName | Self::AgentKeyHeader => Holds::Name,
            Self::AgentProvider => Holds::Choice(&["openai", "anthropic", "a2a", "analyze"]),
            Self::AgentToolMode => Holds::Choice(&ToolMode::WORDS),
            Self::AgentTemperature => Holds::Decimal(0, 2),
            Self::AgentSeed => Holds::Count(0, 2_147_483_647),
            Self::AgentConnectTimeout | Self::AgentStallTimeout | Self::AgentTimeout => Holds::Span,
            Self::AgentQuery => Holds::Query,
            Self::AgentExtraBody => Holds::Object,
            Self::AgentKeyCommand => Holds::Command,
            Self::AgentMaxTokens => Holds::Count(256, 200_000),
            Self::AgentContextTokens => Holds::Count(8_000, 10_000_000),
            Self::Kubeconfig
            | Self::Policy
            | Self::StateDir
            | Self::PrometheusTokenFile
            | Self::PrometheusCa
            | Self::PrometheusCert
            | Self::PrometheusKey
            | Self::AgentKeyFile => Holds::Path,
            Self::Prometheus => Holds::UrlOr(&["proxies", "none"]),
            Self::PrometheusHeaders | Self::AgentHeaders => Holds::Headers,
            Self::AgentUrl => Holds::Url,
            Self::AllNamespaces | Self::Readonly | Self::Ascii | Self::AgentLocalOnly | Self::AgentClusterData => {
                Holds::Flag
            }
            Self::AgentCallsPerMinute | Self::AgentToolCalls => Holds::Count(0, 10_000),
            Self::AgentTokens => Holds::Count(0, 1_000_000_000),
            Self::AgentSeconds => Holds::Count(0, 86_400),
            Self::AgentExcludeNamespaces => Holds::Patterns,
            Self::Fps => Holds::Count(5, 60),
            Self::Health4xxDegraded
            | Self::Health4xxFailing
            | Self::Health5xxDegraded
            | Self::Health5xxFailing
            | Self::HealthGrpcDegraded
            | Self::HealthGrpcFailing => Holds::Count(0, 100),
        }
    }

    /// What holds when nobody says anything, in words.
    pub fn default_words(self) -> &'static str {
        match self {
            Self::Kubeconfig => "~/.kube/config, or the service account inside a pod",
            Self::Context => "the kubeconfig's current context",
            Self::Namespace => "the context's namespace, else default",
            Self::AllNamespaces | Self::Readonly | Self::AgentLocalOnly => "false",
            Self::AgentClusterData => "true",
            Self::AgentToolCalls => "40",
            Self::AgentSeconds => "600",
            Self::Prometheus => "one that is found in the cluster, else its proxies",
            Self::PrometheusCa => "the system's",
            Self::Policy => "the built-in guardrails",
            Self::StateDir => "$XDG_STATE_HOME/brink",
            Self::Theme => "auto",
            Self::Ascii => "true where the locale is not UTF-8, else false",
            Self::Keymap => "default",
            Self::AgentCallsPerMinute | Self::Fps => "60",
            Self::AgentTokens | Self::Health5xxDegraded | Self::HealthGrpcDegraded => "0",
            Self::Health4xxDegraded | Self::Health5xxFailing | Self::HealthGrpcFailing => "10",
            Self::Health4xxFailing => "20",
            Self::AgentProvider => "none: there is nobody to ask",
            Self::AgentUrl | Self::AgentTemperature | Self::AgentSeed => "the provider's own",
            Self::PrometheusTokenFile
            | Self::PrometheusHeaders
            | Self::PrometheusCert
            | Self::PrometheusKey
            | Self::AgentModel
            | Self::AgentKeyCommand
            | Self::AgentKeyFile
            | Self::AgentHeaders
            | Self::AgentQuery
            | Self::AgentExtraBody
            | Self::AgentExcludeNamespaces => "none",
            Self::AgentName => "the settings of [agent]",
            Self::AgentKeyHeader => "authorization: Bearer …; x-api-key for anthropic",
            Self::AgentConnectTimeout => "5s",
            Self::AgentStallTimeout => "1m30s",
            Self::AgentTimeout => "10m",
            Self::AgentToolMode => "native",
            Self::AgentKeyEnv => {
                "BRINK_AGENT_KEY; with the provider's own address also OPENAI_API_KEY or ANTHROPIC_API_KEY"
            }
            Self::AgentMaxTokens => "4096",
            Self::AgentContextTokens => "128000",
        }
    }

    /// Whether a `[contexts."NAME"]` section may say it.
    pub fn per_context(self) -> bool {
        match self {
            Self::Namespace
            | Self::AllNamespaces
            | Self::Readonly
            | Self::Ascii
            | Self::Prometheus
            | Self::PrometheusTokenFile
            | Self::PrometheusHeaders
            | Self::PrometheusCa
            | Self::PrometheusCert
            | Self::PrometheusKey
            | Self::Policy
            | Self::Theme
            | Self::Fps
            | Self::Health4xxDegraded
            | Self::Health4xxFailing
            | Self::Health5xxDegraded
            | Self::Health5xxFailing
            | Self::HealthGrpcDegraded
            | Self::HealthGrpcFailing => true,
            Self::Kubeconfig
            | Self::Context
            | Self::StateDir
            | Self::Keymap
            | Self::AgentProvider
            | Self::AgentUrl
            | Self::AgentModel
            | Self::AgentKeyEnv
            | Self::AgentKeyCommand
            | Self::AgentMaxTokens
            | Self::AgentContextTokens
            | Self::AgentName
            | Self::AgentKeyFile
            | Self::AgentKeyHeader
            | Self::AgentTemperature
            | Self::AgentSeed
            | Self::AgentConnectTimeout
            | Self::AgentStallTimeout
            | Self::AgentTimeout
            | Self::AgentHeaders
            | Self::AgentQuery
            | Self::AgentExtraBody
            | Self::AgentToolMode
            | Self::AgentLocalOnly
            | Self::AgentCallsPerMinute
            | Self::AgentToolCalls
            | Self::AgentTokens
            | Self::AgentSeconds
            | Self::AgentClusterData
            | Self::AgentExcludeNamespaces => false,
        }
    }

    /// What it does.
    #[expect(clippy::too_many_lines, reason = "a sentence or two for each setting")]
    pub fn doc(self) -> &'static str {
        match self {
            Self::Kubeconfig => {
                "The kubeconfig file. The environment variable may list several, as kubectl reads them."
            }
            Self::Context => "The kubeconfig context to start in.",
            Self::Namespace => "The namespace to start in.",
            Self::AllNamespaces => "Start with all namespaces.",
            Self::Readonly => {
                "Refuse every write where warrants to write are made. Faults that are already open are shown, not undone."
            }
            Self::Prometheus => {
                "Base URL of a Prometheus HTTP API (Prometheus, Thanos, Mimir, VictoriaMetrics), path prefix and `user:password@` \
                 included. Without it a Service with a well-known label is asked through the API server (`get` on \
                 services/proxy); where none answers, or with `proxies`, the proxies' own counters are read (`get` on \
                 pods/proxy). CPU and memory that no Prometheus tells are asked of the metrics server (`list` on \
                 pods.metrics.k8s.io, and on pods for their limits). With `none` traffic is unknown, and unknown counts as all \
                 of it."
            }
            Self::PrometheusTokenFile => {
                "A file with a bearer token for that address. It is read for each question, since such tokens change."
            }
            Self::PrometheusHeaders => {
                "Headers of each question, such as `X-Scope-OrgID: team-a`; several are separated by `;`."
            }
            Self::PrometheusCa => "Certificates (PEM) of the authorities to trust at that address.",
            Self::PrometheusCert => {
                "The certificate (PEM) to show at that address; the key may stand in the same file."
            }
            Self::PrometheusKey => "The key (PEM) of that certificate.",
            Self::Policy => "The guardrail file. While it cannot be read no fault is applied; abort always works.",
            Self::StateDir => {
                "Where the journals of open faults live. Must be on a disk that keeps locks: not NFS. The same for every brink \
                 of one user, or they do not see each other's faults."
            }
            Self::Theme => {
                "A theme by name: a file of `themes/` beside this file, or a built-in one. Or a path. \
                 `auto` asks the terminal for its ground and takes `default` or `light`."
            }
            Self::Ascii => {
                "Draw with ASCII alone: no lines, no sparks, no letters of other scripts. For terminals and fonts without them."
            }
            Self::Keymap => "A keymap by name: a file of `keymaps/` beside this file, or a built-in one. Or a path.",
            Self::Fps => "Most frames a second. Fewer spare a thin link.",
            Self::Health4xxDegraded => {
                "From which percent of a workload's HTTP requests answered 4xx it counts as degraded. These six limits are Kiali's."
            }
            Self::Health4xxFailing => "From which percent of HTTP requests answered 4xx it counts as failing.",
            Self::Health5xxDegraded => {
                "From which percent of HTTP requests answered 5xx, or not at all, it counts as degraded; 0: from the first."
            }
            Self::Health5xxFailing => {
                "From which percent of HTTP requests answered 5xx, or not at all, it counts as failing."
            }
            Self::HealthGrpcDegraded => {
                "From which percent of gRPC requests with a status other than OK it counts as degraded; 0: from the first."
            }
            Self::HealthGrpcFailing => {
                "From which percent of gRPC requests with a status other than OK it counts as failing."
            }
            Self::AgentProvider => {
                "How the model is spoken to: `openai` is the Chat Completions wire of OpenAI and of most gateways and local \
                 servers, `anthropic` the Messages wire, `a2a` an agent's own, `analyze` the plain one of the Kubernetes agent for \
                 canaries. `--agent PROVIDER:MODEL[@URL]` says provider, model and address at once; address, key, headers and \
                 query of a file do not apply to it."
            }
            Self::AgentUrl => {
                "Base address of the provider, gateway, local server or agent, without `/chat/completions`, `/messages` or the path \
                 of a card. `a2a` without one asks kagent's agent NAMESPACE/NAME through the API server."
            }
            Self::AgentModel => "The model's name at its provider; the agent's, NAMESPACE/NAME for one in the cluster.",
            Self::AgentName => {
                "Takes the settings of `[agents.NAME]` instead of those of `[agent]`; `--agent NAME` does so for once. What is \
                 about this machine, `local-only`, holds for all of them."
            }
            Self::AgentKeyFile => {
                "A file with the key and nothing else. One that others may read is refused. It outdoes `key-env`."
            }
            Self::AgentKeyHeader => "The header the bare key goes into, such as Azure's `api-key`.",
            Self::AgentTemperature => "Sampling temperature. Some models take none.",
            Self::AgentSeed => "Seed of the sampling, on the `openai` wire. Few servers keep to it exactly.",
            Self::AgentConnectTimeout => "How long a connection to the provider may take.",
            Self::AgentStallTimeout => {
                "How long nothing may come, before the first byte and between any two. Slow machines need more."
            }
            Self::AgentTimeout => "How long one whole answer may take.",
            Self::AgentHeaders => {
                "Headers of each request, such as `X-Org: team-a`; several are separated by `;`. They are never printed."
            }
            Self::AgentQuery => "The query of each request, such as Azure's `api-version=2024-10-21`.",
            Self::AgentExtraBody => {
                "A JSON object whose members go into the body of each request to a model, over those of brink; `null` takes one out."
            }
            Self::AgentToolMode => {
                "How a model calls tools: `native`; `json-fence`, as text, for models that were not taught tools; `json-schema`, \
                 the same with a schema the server enforces."
            }
            Self::AgentCallsPerMinute => {
                "Most requests to the model in a minute; what asks more is stopped. 0: no limit. `/budget calls N` changes it for \
                 this cockpit."
            }
            Self::AgentToolCalls => {
                "Most tool calls of one turn; a model that goes on calling is stopped. 0: no limit. `/budget tools N` changes it, also \
                 while a turn runs."
            }
            Self::AgentSeconds => {
                "Most seconds of one turn: when they are over, what runs is finished and nothing more is begun. 0: no limit. \
                 `/budget seconds N` changes it, also while a turn runs."
            }
            Self::AgentTokens => {
                "Most tokens of one conversation, sent and received, as the provider counts them. 0: no limit. `/budget tokens N` \
                 changes it."
            }
            Self::AgentClusterData => {
                "Whether anything of the cluster is told to a provider, an agent or an MCP client. With `false` no tool reads, nothing \
                 goes along with a question, and of a proposal a model hears only whether the person sees it. Once it is false in the \
                 file, in the environment or for an agent, nothing makes it true."
            }
            Self::AgentExcludeNamespaces => {
                "Namespaces nothing is told of, as patterns such as `kube-*`. Every source adds to the others. Figures of a Prometheus \
                 are asked without PromQL then."
            }
            Self::AgentLocalOnly => {
                "Refuses every address that is not on this machine, before anything is sent. No proxy is used then. Once it is \
                 true in the file, in the environment or for an agent, nothing makes it false."
            }
            Self::AgentKeyEnv => {
                "The environment variable that holds the key. The key is read for each request, and kept and logged nowhere."
            }
            Self::AgentKeyCommand => {
                "A command, run by `sh`, that prints the key, such as `op read …`; it outdoes `key-file` and `key-env`."
            }
            Self::AgentMaxTokens => "Most tokens of one answer.",
            Self::AgentContextTokens => {
                "Tokens the model's context holds. What would overflow it is left out from the oldest, answers of tools first."
            }
        }
    }
}
