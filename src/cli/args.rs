//! The command line as clap reads it. What a command does stands in the file named after it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[cfg(feature = "demo")]
use super::demo::args::DemoArgs;
use crate::{
    agent::model,
    config::{
        key::Key,
        settings::{Layer, Origin, Value},
    },
    mesh::conflicts::ConflictKind,
};

/// A terminal cockpit for AI-assisted chaos engineering on Kubernetes service meshes.
#[derive(Debug, Parser)]
#[command(
    name = "brink",
    version,
    about,
    disable_help_subcommand = true,
    after_help = "Without a command the cockpit opens.\n\nExit codes: 0 done, 1 what was asked for did not hold, 2 bad usage or bad \
                  input, 3 cannot reach or not allowed."
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do; nothing opens the cockpit.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// Kubeconfig context
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Kubeconfig file
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<String>,
    /// Namespace; the cockpit shows several: `-n shop,pay`
    #[arg(short = 'n', long, global = true, value_name = "NS")]
    pub namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Act as this user
    #[arg(long = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,
    /// Act as a member of this group; may be repeated
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub as_groups: Vec<String>,
    /// Refuse every write
    #[arg(long, global = true)]
    pub readonly: bool,
    /// Guardrail file
    #[arg(long, global = true, value_name = "FILE")]
    pub policy: Option<String>,
    /// Theme, by name or path
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII alone
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Hear the mouse
    #[arg(long, global = true)]
    pub mouse: bool,
    /// Say it in lines instead of drawing it: for screen readers
    #[arg(long, global = true)]
    pub plain: bool,
    /// Keymap, by name or path
    #[arg(long, global = true, value_name = "NAME")]
    pub keymap: Option<String>,
    /// Base URL of a Prometheus HTTP API, or `proxies`, or `none`
    #[arg(long, global = true, value_name = "URL")]
    pub prometheus: Option<String>,
    /// The model to ask, or an agent of the settings file by name
    #[arg(long, global = true, value_name = "PROVIDER:MODEL[@URL]|NAME")]
    pub agent: Option<String>,
    /// Tell providers, agents and MCP clients nothing of the cluster
    #[arg(long, global = true)]
    pub no_cluster_data: bool,
    /// Where the journals of open faults live
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<String>,
    /// Record the cockpit's screen as an asciicast
    #[arg(long, global = true, value_name = "FILE.cast")]
    pub record: Option<PathBuf>,
}

impl Globals {
    /// The flags as a layer of settings.
    pub fn layer(&self) -> Layer {
        let texts = [
            (Key::Context, &self.context),
            (Key::Kubeconfig, &self.kubeconfig),
            (Key::Namespace, &self.namespace),
            (Key::Policy, &self.policy),
            (Key::Theme, &self.theme),
            (Key::Keymap, &self.keymap),
            (Key::Prometheus, &self.prometheus),
            (Key::StateDir, &self.state_dir),
        ];
        let flags = [
            (Key::AllNamespaces, self.all_namespaces),
            (Key::Readonly, self.readonly),
            (Key::Ascii, self.ascii),
            (Key::UiMouse, self.mouse),
            (Key::Plain, self.plain),
        ];
        let texts = texts.into_iter().filter_map(|(key, text)| Some((key, Value::Text(text.clone()?))));
        let flags = flags.into_iter().filter(|(_, given)| *given).map(|(key, given)| (key, Value::Flag(given)));
        let flags = flags.chain(self.no_cluster_data.then_some((Key::AgentClusterData, Value::Flag(false))));
        // What cannot be read is told where settings are resolved.
        let agent = self.agent.as_deref().and_then(|agent| model::parse(agent).ok());
        let agent = agent.into_iter().flat_map(|(wire, name, url)| {
            let url = url.map(|url| (Key::AgentUrl, Value::Text(url)));
            let named =
                [(Key::AgentProvider, Value::Text(wire.word().to_owned())), (Key::AgentModel, Value::Text(name))];
            named.into_iter().chain(url)
        });
        let named = self.agent.as_ref().filter(|agent| !agent.contains(':'));
        let named = named.map(|name| (Key::AgentName, Value::Text(name.clone())));
        texts.chain(flags).chain(agent).chain(named).map(|(key, value)| (key, (value, Origin::Flag))).collect()
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Shape {
    /// For people.
    #[default]
    #[value(alias = "text")]
    Table,
    /// For machines.
    Json,
}

/// Chooses a [`Shape`].
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Output {
    /// How to write the answer
    #[arg(short = 'o', long = "output", value_name = "SHAPE", default_value = "table")]
    pub shape: Shape,
}

/// How `get` writes objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GetShape {
    /// The server's columns.
    #[default]
    Table,
    /// The server's columns, also those of low priority.
    Wide,
    /// As the server returned it.
    Json,
    /// As the server returned it.
    Yaml,
    /// KIND/NAME.
    Name,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print objects of any kind
    Get(GetArgs),
    /// Print the routes: hosts, backends, who wins; or resolve one request
    Routes(RoutesArgs),
    /// Print rules in conflict, requests nobody can serve, and faults in Istio's objects
    Conflicts(ConflictsArgs),
    /// Print the golden signals of the mesh: traffic, answers, latency, health; or who speaks mutual TLS
    Mesh(MeshArgs),
    /// Print who calls whom in the mesh, how much and how well
    Graph(GraphArgs),
    /// Plan, apply, abort and list faults
    #[command(subcommand)]
    Fault(FaultCommand),
    /// Abort faults (the same as `fault abort`)
    Abort(AbortArgs),
    /// List the changes that are kept, and undo one
    Changes(ChangesArgs),
    /// Lift the latch of the emergency stop
    Release(ReleaseArgs),
    /// Ask the agent: prints its answer and what it proposes; applies nothing
    Ask(AskArgs),
    /// Serve brink's tools to another agent on stdin and stdout; or say how the MCP servers of the settings stand
    Mcp(McpArgs),
    /// Say what works here, what does not, and how to fix it
    Doctor(DoctorArgs),
    /// List and check themes, and make them of k9s skins
    #[command(subcommand)]
    Theme(ThemeCommand),
    /// List and check keymaps
    #[command(subcommand)]
    Keymap(LookCommand),
    /// Check, show and explain settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Take over the configuration of another program
    #[command(subcommand)]
    Import(ImportCommand),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Try brink on a cluster that lives inside it: no cluster, no network, no key
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Print the manual page
    Man,
    /// Keep the promise when the cockpit dies; started by brink itself
    #[command(hide = true)]
    Guardian,
    /// Write the generated pages of the documentation
    #[command(hide = true)]
    GenerateDocs {
        /// Folder to write to
        folder: PathBuf,
    },
}

/// How the service graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GraphShape {
    /// For people: one line per call.
    #[default]
    #[value(alias = "text")]
    Table,
    /// For machines.
    Json,
    /// For Graphviz.
    Dot,
    /// For Mermaid, as Markdown shows it.
    Mermaid,
}

/// `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// How to write the answer
    #[arg(short = 'o', long = "output", value_name = "SHAPE", default_value = "table")]
    pub shape: GraphShape,
}

/// `get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Kind, plural, short name or KIND.GROUP; also KIND/NAME
    pub kind: String,
    /// Name of one object
    pub name: Option<String>,
    /// Label selector
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// How to write the answer
    #[arg(short = 'o', long = "output", value_name = "SHAPE", default_value = "table")]
    pub shape: GetShape,
}

/// `routes`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct RoutesArgs {
    /// Resolve a request instead of listing
    #[command(subcommand)]
    pub command: Option<RoutesCommand>,
    /// Read manifests from this file or folder instead of the cluster; may be repeated
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `mesh`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct MeshArgs {
    /// Another question about the mesh than how its workloads do
    #[command(subcommand)]
    pub command: Option<MeshCommand>,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// Below `mesh`.
#[derive(Debug, Subcommand)]
pub enum MeshCommand {
    /// Print the services: answers, retries, ejected endpoints, full pools, versions; as JSON the same as `mesh`
    Services(Output),
    /// Print the namespaces with their apps: how well they are, how pods join the mesh, waypoints; as JSON the same as `mesh`
    Namespaces(Output),
    /// Say which workloads demand mutual TLS, who calls in plain text, and therefore who breaks under STRICT
    Mtls(Output),
}

/// `conflicts`.
#[derive(Debug, Args)]
#[command(after_help = conflict_kinds())]
pub struct ConflictsArgs {
    /// Read manifests from this file or folder instead of the cluster; may be repeated
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// The kinds of conflicts with their meaning, a line each.
fn conflict_kinds() -> String {
    let line = |kind: ConflictKind| format!("\n  {:<17} {}", kind.word(), kind.meaning());
    let lines: String = ConflictKind::ALL.into_iter().map(line).collect();
    format!("Kinds, with the code of the check that finds the same in Kiali:{lines}")
}

/// Below `routes`.
#[derive(Debug, Subcommand)]
pub enum RoutesCommand {
    /// Say which route takes a request, and why the others do not
    Resolve(ResolveArgs),
}

/// `routes resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// Host of the request; a connection of --scheme tcp or udp has none
    #[arg(long, required_unless_present_any = ["gateway", "sni"])]
    pub host: Option<String>,
    /// Path of the request; / when absent
    #[arg(long, conflicts_with = "grpc")]
    pub path: Option<String>,
    /// Method of the request; GET when absent
    #[arg(long, conflicts_with = "grpc")]
    pub method: Option<String>,
    /// A call of this gRPC method instead of a plain request
    #[arg(long, value_name = "SERVICE/METHOD", conflicts_with = "queries")]
    pub grpc: Option<String>,
    /// A header of the request, NAME=VALUE; may be repeated
    #[arg(long = "header", value_name = "NAME=VALUE")]
    pub headers: Vec<String>,
    /// A query parameter of the request, NAME=VALUE; may be repeated
    #[arg(long = "query", value_name = "NAME=VALUE")]
    pub queries: Vec<String>,
    /// Scheme of the request; http when absent, https with --sni; tls, tcp and udp for connections
    #[arg(long, value_parser = ["http", "https", "tls", "tcp", "udp"])]
    pub scheme: Option<String>,
    /// Name in the TLS handshake, which chooses the listener; the host when absent
    #[arg(long, value_name = "HOST")]
    pub sni: Option<String>,
    /// Port of the listener
    #[arg(long)]
    pub port: Option<u16>,
    /// Only this gateway, [NS/]NAME
    #[arg(long, value_name = "[NS/]NAME")]
    pub gateway: Option<String>,
    /// Only Ingresses of this class
    #[arg(long, value_name = "CLASS", conflicts_with_all = ["gateway", "from"])]
    pub ingress_class: Option<String>,
    /// The workload of the mesh that sends the request; without it the request comes in from outside
    #[arg(long, value_name = "NS/WORKLOAD", conflicts_with_all = ["gateway", "sni"])]
    pub from: Option<String>,
    /// Read manifests from this file or folder instead of the cluster; may be repeated
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `changes`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ChangesArgs {
    /// Undo one instead of listing
    #[command(subcommand)]
    pub command: Option<ChangesCommand>,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// Below `changes`.
#[derive(Debug, Subcommand)]
pub enum ChangesCommand {
    /// Show what the undo of a change would write, and write it with --yes
    Undo(UndoArgs),
}

/// `changes undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// Id of the change
    pub id: String,
    /// Write it
    #[arg(long)]
    pub yes: bool,
}

/// `fault`.
#[derive(Debug, Subcommand)]
pub enum FaultCommand {
    /// List the fault kinds, their parameters and what can carry them out here
    Kinds(Output),
    /// Show exactly what a fault would change, and apply nothing
    Plan(PlanArgs),
    /// Apply a fault
    Apply(ApplyArgs),
    /// Abort faults
    Abort(AbortArgs),
    /// Finish what a crash left behind
    Recover(RecoverArgs),
    /// List the open faults
    List(ListArgs),
    /// Show one fault
    Show(OneArgs),
    /// Print the Fault file of a past or present fault
    Export(ExportArgs),
}

/// What a fault is made of.
#[derive(Debug, Clone, Default, Args)]
pub struct IntentArgs {
    /// Kind of the fault, instead of -f
    #[arg(conflicts_with = "file")]
    pub kind: Option<String>,
    /// Whom: service/NAME, route/NAME, KIND/NAME, node/NAME, zone/NAME or host/NAME, in -n NS
    #[arg(conflicts_with_all = ["file", "selector"])]
    pub target: Option<String>,
    /// A Fault file or any YAML; - reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub file: Option<String>,
    /// Whom, by labels
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// A parameter, NAME=VALUE; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Time of effect, such as 90s
    #[arg(long, value_name = "SPAN")]
    pub duration: Option<String>,
    /// Safety cap; duration plus 30s when absent
    #[arg(long, value_name = "SPAN")]
    pub lease: Option<String>,
    /// Who carries it out
    #[arg(long, value_name = "NAME")]
    pub driver: Option<String>,
}

/// `fault plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The intent
    #[command(flatten)]
    pub intent: IntentArgs,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `fault apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The intent
    #[command(flatten)]
    pub intent: IntentArgs,
    /// Apply this plan of `fault plan`, at most 2 minutes old
    #[arg(long, value_name = "ID")]
    pub plan: Option<String>,
    /// Do not ask; answers ok and confirm, never refuse, and not in production contexts
    #[arg(long)]
    pub yes: bool,
    /// Stay until it is recovered
    #[arg(long)]
    pub wait: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `fault abort`, `abort`.
#[derive(Debug, Args)]
pub struct AbortArgs {
    /// Ids of faults
    #[arg(required_unless_present = "all")]
    pub ids: Vec<String>,
    /// Stop everything of this user in every cluster the journal knows, and latch
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// With --all: also the faults of others
    #[arg(long, requires = "all")]
    pub everyone: bool,
    /// Return at once
    #[arg(long)]
    pub no_wait: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `fault recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// Also take off the marks of finished faults that are back on their objects (a rollback brings them); nothing else of
    /// these objects is touched
    #[arg(long)]
    pub stale_marks: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `fault list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Also what is over
    #[arg(long)]
    pub all: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `fault show`.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// Id of the fault
    pub id: String,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `fault export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Id of the fault
    pub id: String,
}

/// `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Why it is safe to go on
    #[arg(long)]
    pub reason: String,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `ask`.
#[derive(Debug, Args)]
pub struct AskArgs {
    /// The question; - reads standard input
    #[arg(required_unless_present_any = ["replay", "sessions", "export"])]
    pub prompt: Option<String>,
    /// Go on with a conversation that was kept: its id, the beginning of it, or last
    #[arg(long, value_name = "ID", conflicts_with_all = ["replay", "sessions", "export"])]
    pub resume: Option<String>,
    /// Run a conversation again as it was, asking neither the model nor the cluster: an id, last, or a file
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["prompt", "sessions", "export"])]
    pub replay: Option<String>,
    /// Write a conversation as Markdown, or with -o json as JSON: an id, last, or a file
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["prompt", "sessions"])]
    pub export: Option<String>,
    /// List the conversations that were kept, the newest first
    #[arg(long, conflicts_with = "prompt")]
    pub sessions: bool,
    /// Write each proposed fault as a file into this folder, for `fault apply -f`
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["replay", "sessions", "export"])]
    pub save: Option<PathBuf>,
    /// Keep nothing of this conversation on disk
    #[arg(long, conflicts_with_all = ["resume", "replay", "sessions", "export"])]
    pub forget: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `mcp`.
#[derive(Debug, Args)]
pub struct McpArgs {
    /// What to do; without it tools are served
    #[command(subcommand)]
    pub command: Option<McpCommand>,
}

/// `mcp …`.
#[derive(Debug, Subcommand)]
pub enum McpCommand {
    /// List the MCP servers of the settings: which answer, which tools they have, which run without asking
    Servers(Output),
    /// Forget what was allowed of a server's tools: each is asked about again
    Forget {
        /// The server's name in the settings
        server: String,
    },
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Also the rights that faults need, with the Role that grants them
    #[arg(long)]
    pub faults: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `theme`, `keymap`.
#[derive(Debug, Subcommand)]
pub enum LookCommand {
    /// List what there is
    List(Output),
    /// Check a file
    Check(CheckArgs),
}

/// `theme`.
#[derive(Debug, Subcommand)]
pub enum ThemeCommand {
    /// What can be asked of keymaps too
    #[command(flatten)]
    Look(LookCommand),
    /// Make themes of k9s skins: colours by meaning, mended where they are hard to read
    Import(ThemeImportArgs),
}

/// `theme import`.
#[derive(Debug, Args)]
pub struct ThemeImportArgs {
    /// Skins of k9s, such as ~/.config/k9s/skins/*.yaml
    #[arg(required = true, value_name = "SKIN")]
    pub files: Vec<PathBuf>,
    /// The folder to write to, instead of your own themes folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write over themes that are there
    #[arg(long)]
    pub force: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `theme check`, `keymap check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The file
    pub file: PathBuf,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `import`.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Take over hotkeys, aliases, plugins, views and jumps of k9s; says what was not understood
    #[command(name = "k9s")]
    K9s(ImportK9sArgs),
}

/// `import k9s`.
#[derive(Debug, Args)]
pub struct ImportK9sArgs {
    /// The folder of k9s; where k9s itself looks when absent
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Folder to write to; that of the settings file when absent
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write nothing, and print what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Write over files that are there already
    #[arg(long)]
    pub force: bool,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the settings file and the guardrail file
    Check(ConfigCheckArgs),
    /// Print every setting with who said it
    Show(Output),
    /// Explain a setting or a guardrail
    Explain {
        /// Its name
        key: String,
    },
}

/// `config check`.
#[derive(Debug, Args)]
pub struct ConfigCheckArgs {
    /// A settings file; the user's own when absent
    pub file: Option<PathBuf>,
    /// How to write the answer
    #[command(flatten)]
    pub output: Output,
}
