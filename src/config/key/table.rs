//! The table: each setting once, with all that is known of it.

use super::Holds;
use crate::agent::tuning::ToolMode;

/// What is known of a setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec {
    pub word: &'static str,
    pub env: &'static str,
    /// As the help writes it; empty without one.
    pub flag: &'static str,
    pub holds: Holds,
    pub per_context: bool,
    pub default_words: &'static str,
    pub doc: &'static str,
}

macro_rules! keys {
    ($($variant:ident $word:literal $env:literal [$($flag:literal)?] [$holds:expr] $contexts:literal
       $default:literal $short:literal $doc:literal)*) => {
        /// A setting.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $(#[doc = $short] $variant,)*
        }

        impl Key {
            /// All settings, in the order of the reference.
            pub const ALL: [Self; SPECS.len()] = [$(Self::$variant,)*];
        }

        /// In the order of the enum.
        pub(super) const SPECS: &[Spec] = &[
            $(Spec {
                word: $word,
                env: $env,
                flag: concat!($($flag)?),
                holds: $holds,
                per_context: $contexts,
                default_words: $default,
                doc: $doc,
            },)*
        ];
    };
}

// Name in the file, environment variable, [flag], [what it holds], whether a section for a context may say it; what holds when
// nobody says anything; what it is; what it does.
keys! {
    Kubeconfig "kubeconfig" "KUBECONFIG" ["--kubeconfig"] [Holds::Path] false
        "~/.kube/config, or the service account inside a pod"
        "Kubeconfig file."
        "The kubeconfig file. The environment variable may list several, as kubectl reads them."
    Context "context" "BRINK_CONTEXT" ["--context"] [Holds::Name] false
        "the kubeconfig's current context"
        "Context."
        "The kubeconfig context to start in."
    Namespace "namespace" "BRINK_NAMESPACE" ["-n, --namespace"] [Holds::Name] true
        "the context's namespace, else default"
        "Namespace."
        "The namespace to start in, or several for the cockpit: `shop,pay`."
    AllNamespaces "all-namespaces" "BRINK_ALL_NAMESPACES" ["-A, --all-namespaces"] [Holds::Flag] true
        "false"
        "Start with all namespaces."
        "Start with all namespaces."
    Favourites "favourites" "BRINK_FAVOURITES" [] [Holds::Patterns] true
        "none"
        "Namespaces that come first."
        "Namespaces that come first where one is chosen or typed, in this order."
    Readonly "readonly" "BRINK_READONLY" ["--readonly"] [Holds::Flag] true
        "false"
        "Refuse every write."
        "Refuse every write where warrants to write are made. Faults that are already open are shown, not undone."
    Prometheus "prometheus" "BRINK_PROMETHEUS" ["--prometheus"] [Holds::UrlOr(&["proxies", "none"])] true
        "one that is found in the cluster, else its proxies"
        "Metric source."
        "Base URL of a Prometheus HTTP API (Prometheus, Thanos, Mimir, VictoriaMetrics), path prefix and `user:password@` \
         included. Without it a Service with a well-known label is asked through the API server (`get` on \
         services/proxy); where none answers, or with `proxies`, the proxies' own counters are read (`get` on \
         pods/proxy). CPU and memory that no Prometheus tells are asked of the metrics server (`list` on \
         pods.metrics.k8s.io, and on pods for their limits). With `none` traffic is unknown, and unknown counts as all \
         of it."
    PrometheusTokenFile "prometheus-token-file" "BRINK_PROMETHEUS_TOKEN_FILE" [] [Holds::Path] true
        "none"
        "File with its bearer token."
        "A file with a bearer token for that address. It is read for each question, since such tokens change."
    PrometheusHeaders "prometheus-headers" "BRINK_PROMETHEUS_HEADERS" [] [Holds::Headers] true
        "none"
        "Headers of each question."
        "Headers of each question, such as `X-Scope-OrgID: team-a`; several are separated by `;`."
    PrometheusCa "prometheus-ca" "BRINK_PROMETHEUS_CA" [] [Holds::Path] true
        "the system's"
        "Authorities to trust."
        "Certificates (PEM) of the authorities to trust at that address."
    PrometheusCert "prometheus-cert" "BRINK_PROMETHEUS_CERT" [] [Holds::Path] true
        "none"
        "Certificate of the client."
        "The certificate (PEM) to show at that address; the key may stand in the same file."
    PrometheusKey "prometheus-key" "BRINK_PROMETHEUS_KEY" [] [Holds::Path] true
        "none"
        "Its key."
        "The key (PEM) of that certificate."
    Policy "policy" "BRINK_POLICY" ["--policy"] [Holds::Path] true
        "the built-in guardrails"
        "Guardrails."
        "The guardrail file. While it cannot be read no fault is applied; abort always works."
    StateDir "state-dir" "BRINK_STATE_DIR" ["--state-dir"] [Holds::Path] false
        "$XDG_STATE_HOME/brink"
        "Where journals live."
        "Where the journals of open faults live. Must be on a disk that keeps locks: not NFS. The same for every brink \
         of one user, or they do not see each other's faults."
    Theme "theme" "BRINK_THEME" ["--theme"] [Holds::Name] true
        "auto"
        "Colours."
        "A theme by name: a file of `themes/` beside this file, or a built-in one. Or a path. `auto` asks the terminal for its \
         ground and takes `default` or `light`."
    Ascii "ascii" "BRINK_ASCII" ["--ascii"] [Holds::Flag] true
        "true where the locale is not UTF-8, else false"
        "Draw with ASCII alone."
        "Draw with ASCII alone: no lines, no sparks, no letters of other scripts. For terminals and fonts without them."
    Plain "plain" "BRINK_PLAIN" ["--plain"] [Holds::Flag] false
        "true on a terminal that calls itself `dumb`, else false"
        "Say it in lines instead of drawing it."
        "Say what is there and what changes in lines, one after the other, instead of drawing a screen: for screen readers, and for \
         terminals that know no cursor. The keys are the same."
    Keymap "keymap" "BRINK_KEYMAP" ["--keymap"] [Holds::Name] true
        "default"
        "Keys."
        "A keymap by name: a file of `keymaps/` beside this file, or a built-in one. Or a path."
    Fps "fps" "BRINK_FPS" [] [Holds::Count(5, 60)] true
        "60"
        "Most frames a second."
        "Most frames a second. Fewer spare a thin link."
    UiMouse "ui.mouse" "BRINK_MOUSE" ["--mouse"] [Holds::Flag] false
        "false"
        "Hear the mouse."
        "Hear the mouse: a click focuses a pane and moves its cursor, a double click is enter, the wheel scrolls what is beneath \
         it, and the line between two panes can be dragged. No click approves, applies or confirms anything. The terminal itself \
         then selects text only with shift held."
    UiLinks "ui.links" "BRINK_LINKS" [] [Holds::Choice(&["auto", "on", "off"])] false
        "auto"
        "Addresses as links."
        "Whether http addresses in texts, logs and answers are links a terminal opens (OSC 8). `auto`: where the terminal is \
         known to have them, and never under NO_COLOR."
    Health4xxDegraded "health-4xx-degraded" "BRINK_HEALTH_4XX_DEGRADED" [] [Holds::Count(0, 100)] true
        "10"
        "Percent of 4xx from which something is degraded."
        "From which percent of a workload's HTTP requests answered 4xx it counts as degraded. These six limits are Kiali's."
    Health4xxFailing "health-4xx-failing" "BRINK_HEALTH_4XX_FAILING" [] [Holds::Count(0, 100)] true
        "20"
        "Percent of 4xx from which something is failing."
        "From which percent of HTTP requests answered 4xx it counts as failing."
    Health5xxDegraded "health-5xx-degraded" "BRINK_HEALTH_5XX_DEGRADED" [] [Holds::Count(0, 100)] true
        "0"
        "Percent of 5xx from which something is degraded."
        "From which percent of HTTP requests answered 5xx, or not at all, it counts as degraded; 0: from the first."
    Health5xxFailing "health-5xx-failing" "BRINK_HEALTH_5XX_FAILING" [] [Holds::Count(0, 100)] true
        "10"
        "Percent of 5xx from which something is failing."
        "From which percent of HTTP requests answered 5xx, or not at all, it counts as failing."
    HealthGrpcDegraded "health-grpc-degraded" "BRINK_HEALTH_GRPC_DEGRADED" [] [Holds::Count(0, 100)] true
        "0"
        "Percent of gRPC errors from which something is degraded."
        "From which percent of gRPC requests with a status other than OK it counts as degraded; 0: from the first."
    HealthGrpcFailing "health-grpc-failing" "BRINK_HEALTH_GRPC_FAILING" [] [Holds::Count(0, 100)] true
        "10"
        "Percent of gRPC errors from which something is failing."
        "From which percent of gRPC requests with a status other than OK it counts as failing."
    NoAgent "no-agent" "BRINK_NO_AGENT" [] [Holds::Flag] true
        "false"
        "Ask no agent."
        "Ask no agent, whichever one is set: no question leaves, and nothing of the cluster. For the contexts whose clusters no \
         model may hear of."
    AgentProvider "agent.provider" "BRINK_AGENT_PROVIDER" ["--agent"] [Holds::Choice(&["openai", "anthropic", "a2a", "analyze"])] false
        "none: there is nobody to ask"
        "How the model's provider speaks."
        "How the model is spoken to: `openai` is the Chat Completions wire of OpenAI and of most gateways and local \
         servers, `anthropic` the Messages wire, `a2a` an agent's own, `analyze` the plain one of the Kubernetes agent for \
         canaries. `--agent PROVIDER:MODEL[@URL]` says provider, model and address at once; address, key, headers and \
         query of a file do not apply to it."
    AgentUrl "agent.base-url" "BRINK_AGENT_URL" ["--agent"] [Holds::Url] false
        "the provider's own"
        "Where the provider is."
        "Base address of the provider, gateway, local server or agent, without `/chat/completions`, `/messages` or the path \
         of a card. `a2a` without one asks kagent's agent NAMESPACE/NAME through the API server."
    AgentModel "agent.model" "BRINK_AGENT_MODEL" ["--agent"] [Holds::Name] false
        "none"
        "The model."
        "The model's name at its provider; the agent's, NAMESPACE/NAME for one in the cluster."
    AgentKeyEnv "agent.key-env" "BRINK_AGENT_KEY_ENV" [] [Holds::Name] false
        "BRINK_AGENT_KEY; with the provider's own address also OPENAI_API_KEY or ANTHROPIC_API_KEY"
        "The environment variable with the key."
        "The environment variable that holds the key. The key is read for each request, and kept and logged nowhere."
    AgentKeyCommand "agent.key-command" "BRINK_AGENT_KEY_COMMAND" [] [Holds::Command] false
        "none"
        "The command that prints the key."
        "A command, run by `sh`, that prints the key, such as `op read …`; it outdoes `key-file` and `key-env`."
    AgentMaxTokens "agent.max-tokens" "BRINK_AGENT_MAX_TOKENS" [] [Holds::Count(256, 200_000)] false
        "4096"
        "Most tokens of one answer."
        "Most tokens of one answer."
    AgentContextTokens "agent.context-tokens" "BRINK_AGENT_CONTEXT_TOKENS" [] [Holds::Count(8_000, 10_000_000)] false
        "128000"
        "Tokens the model's context holds."
        "Tokens the model's context holds. What would overflow it is left out from the oldest, answers of tools first."
    AgentName "agent.name" "BRINK_AGENT" ["--agent"] [Holds::Name] false
        "the settings of [agent]"
        "One of the agents of the file."
        "Takes the settings of `[agents.NAME]` instead of those of `[agent]`; `--agent NAME` does so for once. What is \
         about this machine, `local-only`, holds for all of them."
    AgentKeyFile "agent.key-file" "BRINK_AGENT_KEY_FILE" [] [Holds::Path] false
        "none"
        "The file with the key."
        "A file with the key and nothing else. One that others may read is refused. It outdoes `key-env`."
    AgentKeyHeader "agent.key-header" "BRINK_AGENT_KEY_HEADER" [] [Holds::Name] false
        "authorization: Bearer …; x-api-key for anthropic"
        "The header of the key."
        "The header the bare key goes into, such as Azure's `api-key`."
    AgentTemperature "agent.temperature" "BRINK_AGENT_TEMPERATURE" [] [Holds::Decimal(0, 2)] false
        "the provider's own"
        "Sampling temperature."
        "Sampling temperature. Some models take none."
    AgentSeed "agent.seed" "BRINK_AGENT_SEED" [] [Holds::Count(0, 2_147_483_647)] false
        "the provider's own"
        "Seed of the sampling."
        "Seed of the sampling, on the `openai` wire. Few servers keep to it exactly."
    AgentConnectTimeout "agent.connect-timeout" "BRINK_AGENT_CONNECT_TIMEOUT" [] [Holds::Span] false
        "5s"
        "How long a connection may take."
        "How long a connection to the provider may take."
    AgentStallTimeout "agent.stall-timeout" "BRINK_AGENT_STALL_TIMEOUT" [] [Holds::Span] false
        "1m30s"
        "How long nothing may come."
        "How long nothing may come, before the first byte and between any two. Slow machines need more."
    AgentTimeout "agent.timeout" "BRINK_AGENT_TIMEOUT" [] [Holds::Span] false
        "10m"
        "How long one answer may take."
        "How long one whole answer may take."
    AgentHeaders "agent.headers" "BRINK_AGENT_HEADERS" [] [Holds::Headers] false
        "none"
        "Headers of each request."
        "Headers of each request, such as `X-Org: team-a`; several are separated by `;`. They are never printed."
    AgentQuery "agent.query" "BRINK_AGENT_QUERY" [] [Holds::Query] false
        "none"
        "The query of each request."
        "The query of each request, such as Azure's `api-version=2024-10-21`."
    AgentExtraBody "agent.extra-body" "BRINK_AGENT_EXTRA_BODY" [] [Holds::Object] false
        "none"
        "Members of each request."
        "A JSON object whose members go into the body of each request to a model, over those of brink; `null` takes one out."
    AgentToolMode "agent.tool-mode" "BRINK_AGENT_TOOL_MODE" [] [Holds::Choice(&ToolMode::WORDS)] false
        "native"
        "How tools are called."
        "How a model calls tools: `native`; `json-fence`, as text, for models that were not taught tools; `json-schema`, \
         the same with a schema the server enforces."
    AgentLocalOnly "agent.local-only" "BRINK_AGENT_LOCAL_ONLY" [] [Holds::Flag] false
        "false"
        "Only this machine is spoken to."
        "Refuses every address that is not on this machine, before anything is sent. No proxy is used then. Once it is \
         true in the file, in the environment or for an agent, nothing makes it false."
    AgentCallsPerMinute "agent.calls-per-minute" "BRINK_AGENT_CALLS_PER_MINUTE" [] [Holds::Count(0, 10_000)] false
        "60"
        "Most requests to the model in a minute."
        "Most requests to the model in a minute; what asks more is stopped. 0: no limit. `/budget calls N` changes it for \
         this cockpit."
    AgentToolCalls "agent.tool-calls" "BRINK_AGENT_TOOL_CALLS" [] [Holds::Count(0, 10_000)] false
        "40"
        "Most tool calls of a turn."
        "Most tool calls of one turn; a model that goes on calling is stopped. 0: no limit. `/budget tools N` changes it, also \
         while a turn runs."
    AgentTokens "agent.tokens" "BRINK_AGENT_TOKENS" [] [Holds::Count(0, 1_000_000_000)] false
        "0"
        "Most tokens of a conversation."
        "Most tokens of one conversation, sent and received, as the provider counts them. 0: no limit. `/budget tokens N` \
         changes it."
    AgentSeconds "agent.seconds" "BRINK_AGENT_SECONDS" [] [Holds::Count(0, 86_400)] false
        "600"
        "Most seconds of a turn."
        "Most seconds of one turn: when they are over, what runs is finished and nothing more is begun. 0: no limit. \
         `/budget seconds N` changes it, also while a turn runs."
    AgentClusterData "agent.cluster-data" "BRINK_AGENT_CLUSTER_DATA" ["--no-cluster-data"] [Holds::Flag] false
        "true"
        "Whether anything of the cluster is told."
        "Whether anything of the cluster is told to a provider, an agent or an MCP client. With `false` no tool reads, nothing \
         goes along with a question, and of a proposal a model hears only whether the person sees it. Once it is false in the \
         file, in the environment or for an agent, nothing makes it true."
    AgentExcludeNamespaces "agent.exclude-namespaces" "BRINK_AGENT_EXCLUDE_NAMESPACES" [] [Holds::Patterns] false
        "none"
        "Namespaces nothing is told of."
        "Namespaces nothing is told of, as patterns such as `kube-*`. Every source adds to the others. Figures of a Prometheus \
         are asked without PromQL then."
}
