//! Settings: what the defaults, the file, the environment and the flags say together.
//!
//! Each source is a [`Layer`]; [`Settings::resolve`] lays them over each other (flag, then environment, then the file's section
//! for the context, then the file, then the default) and remembers who won, so that `config show` can say it.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{
    bounds,
    complaint::{Complaints, meant},
    custom::{self, Custom, Customs},
    key::{Holds, Key},
    mcp_servers,
    toml_file::{Line, TomlFile},
};
use crate::{
    agent::{
        mcp::Server,
        model::{KeySource, Model},
        tuning::{self, ToolMode, Tuning},
        wire::Wire,
    },
    base::{glob, span, suggest},
    mesh::{
        health::{Limits, Tolerances},
        wanted::{self, Access, Ask, Wanted},
    },
    msg::Failure,
};

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A name, path or address.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Count(u64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag,
    /// In this environment variable.
    Env(&'static str),
    /// In a file, at a line.
    File(String, usize),
    /// Nobody.
    Default,
}

impl Origin {
    /// Who outdoes whom.
    fn rank(&self) -> u8 {
        match self {
            Self::Flag => 3,
            Self::Env(_) => 2,
            Self::File(..) => 1,
            Self::Default => 0,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Env(name) => write!(f, "${name}"),
            Self::File(file, line) => write!(f, "{file}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What one source says.
pub type Layer = BTreeMap<Key, (Value, Origin)>;

/// The settings file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// For every context.
    pub all: Layer,
    /// For contexts whose name is of this form, the shortest form first: the more exact section wins.
    pub contexts: Vec<(String, Layer)>,
    /// Agents, by name.
    pub agents: BTreeMap<String, Layer>,
    /// MCP servers, by name.
    pub servers: Vec<Server>,
    /// What a person adds of their own.
    pub custom: Customs,
}

/// Reads a settings file. Unknown keys and wrong values are errors that name their line and the nearest right one.
pub fn parse(name: &str, text: &str) -> Result<File, Complaints> {
    let mut toml = TomlFile::new(name, text);
    let table = toml.parse();
    let mut file = File::default();
    let plain = Key::ALL.iter().filter(|key| key.agent_word().is_none() && key.ui_word().is_none());
    let mut known: Vec<&str> = plain.map(|key| key.word()).collect();
    known.extend(["contexts", Key::UI, Key::AGENT, Key::AGENTS, mcp_servers::TABLE]);
    known.extend(custom::TABLES);
    toml.walk("", table.get_ref(), &known, |toml, line| {
        if file.custom.all.read(toml, line) {
            return;
        }
        if line.key == Key::Context.word() && line.value.get_ref().as_table().is_some() {
            toml.refuse(line, "`context` is the one to start in", "a section for contexts is [contexts.\"NAME\"]");
            return;
        }
        if let Some(key) = Key::of(line.key) {
            take(toml, name, key, line, &mut file.all);
            return;
        }
        if line.key == mcp_servers::TABLE {
            file.servers = mcp_servers::read(toml, line);
            return;
        }
        if line.key == Key::UI {
            let Some(section) = line.value.get_ref().as_table() else {
                toml.refuse(line, "`ui` must be a table of settings", "write [ui]");
                return;
            };
            let known: Vec<&str> = Key::ALL.iter().filter_map(|key| key.ui_word()).collect();
            toml.walk(Key::UI, section, &known, |toml, line| {
                if let Some(key) = Key::ALL.into_iter().find(|key| key.ui_word() == Some(line.key)) {
                    take(toml, name, key, line, &mut file.all);
                }
            });
            return;
        }
        if line.key == Key::AGENT {
            let Some(section) = line.value.get_ref().as_table() else {
                toml.refuse(line, "`agent` must be a table of settings", "write [agent]");
                return;
            };
            let known: Vec<&str> = Key::ALL.iter().filter_map(|key| key.agent_word()).collect();
            toml.walk(Key::AGENT, section, &known, |toml, line| {
                if let Some(key) = Key::ALL.into_iter().find(|key| key.agent_word() == Some(line.key)) {
                    take(toml, name, key, line, &mut file.all);
                }
            });
            return;
        }
        if line.key == Key::AGENTS {
            file.agents = agents(toml, name, line);
            return;
        }
        let Some(contexts) = toml.table(line) else { return };
        for (pattern, section) in contexts {
            let (mut layer, mut custom) = (Layer::new(), Custom::default());
            let settings = Key::ALL.iter().filter(|key| key.per_context()).map(|key| key.word());
            let known: Vec<&str> = settings.chain(custom::TABLES).collect();
            let Some(section) = section.get_ref().as_table() else {
                toml.refuse(
                    line,
                    format!("`{}` must be a table of settings", pattern.get_ref()),
                    "write [contexts.\"NAME\"]",
                );
                continue;
            };
            toml.walk(&format!("contexts.{}", pattern.get_ref()), section, &known, |toml, line| {
                if let Some(key) = Key::of(line.key) {
                    take(toml, name, key, line, &mut layer);
                } else {
                    custom.read(toml, line);
                }
            });
            let pattern = pattern.get_ref().to_string();
            if custom != Custom::default() {
                file.custom.lay(Customs { all: Custom::default(), contexts: vec![(pattern.clone(), custom)] });
            }
            file.contexts.push((pattern, layer));
        }
        file.contexts.sort_by_key(|(pattern, _)| pattern.len());
    });
    let file = toml.done(file)?;
    custom::circles(name, &file.custom)?;
    Ok(file)
}

/// Reads `[agents.NAME]` sections.
fn agents(toml: &mut TomlFile<'_>, name: &str, line: Line<'_, '_>) -> BTreeMap<String, Layer> {
    let mut agents = BTreeMap::new();
    let known: Vec<&str> = Key::ALL.iter().filter(|key| key.per_agent()).filter_map(|key| key.agent_word()).collect();
    for (agent, section) in toml.table(line).into_iter().flatten() {
        let agent = agent.get_ref().to_string();
        let Some(section) = section.get_ref().as_table() else {
            toml.refuse(line, format!("`{agent}` must be a table of settings"), "write [agents.NAME]");
            continue;
        };
        // On a command line a colon tells a provider from a name.
        if agent.is_empty() || agent.contains([':', '@']) {
            toml.refuse(line, format!("`{agent}` is no name of an agent"), "choose a name without : and @");
        }
        let mut layer = Layer::new();
        toml.walk(&format!("{}.{agent}", Key::AGENTS), section, &known, |toml, line| {
            if let Some(key) = Key::ALL.into_iter().find(|key| key.per_agent() && key.agent_word() == Some(line.key)) {
                take(toml, name, key, line, &mut layer);
            }
        });
        agents.insert(agent, layer);
    }
    agents
}

fn take(toml: &mut TomlFile<'_>, name: &str, key: Key, line: Line<'_, '_>, layer: &mut Layer) {
    let value = match key.holds() {
        Holds::Name | Holds::Path | Holds::Command => toml.text(line).map(Value::Text),
        Holds::Choice(words) => toml.text(line).and_then(|text| {
            if words.contains(&text.as_str()) {
                return Some(Value::Text(text));
            }
            toml.refuse(line, format!("`{text}` is not one of them"), meant(&text, words.iter().copied()));
            None
        }),
        Holds::Url => toml.text(line).and_then(|text| match check_url(&text) {
            Ok(()) => Some(Value::Text(text)),
            Err(why) => {
                toml.refuse(line, why, "write it like http://prometheus.monitoring:9090");
                None
            }
        }),
        Holds::UrlOr(words) => toml.text(line).and_then(|text| match check_url_or(words, &text) {
            Ok(()) => Some(Value::Text(text)),
            Err(why) => {
                let fix = format!("write it like http://prometheus.monitoring:9090, or {}", words.join(" or "));
                toml.refuse(line, why, fix);
                None
            }
        }),
        Holds::Headers => toml.text(line).and_then(|text| match wanted::headers(&text) {
            Ok(_) => Some(Value::Text(text)),
            Err(why) => {
                toml.refuse(line, why, "write it like X-Scope-OrgID: team-a");
                None
            }
        }),
        Holds::Decimal(least, most) => toml.decimal(line, least..=most).map(Value::Text),
        Holds::Span => toml.span(line).map(|span| Value::Text(span::format(span))),
        Holds::Query | Holds::Object => toml.text(line).and_then(|text| match read(key, &text) {
            Ok(value) => Some(value),
            Err(why) => {
                toml.refuse(line, why, "");
                None
            }
        }),
        Holds::Patterns => toml.texts(line).map(|all| Value::Text(bounds::joined(all.iter().map(String::as_str)))),
        Holds::Flag => toml.flag(line).map(Value::Flag),
        Holds::Count(least, most) => toml.count(line, least..=most).map(Value::Count),
    };
    if let Some(value) = value {
        let at = toml.line(line.value.span().start);
        layer.insert(key, (value, Origin::File(name.to_owned(), at)));
    }
}

/// Why a text cannot be the address of an HTTP API.
pub fn check_url(text: &str) -> Result<(), String> {
    match text.parse::<http::Uri>() {
        Ok(uri)
            if matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty()) =>
        {
            Ok(())
        }
        Ok(_) => Err(format!("`{text}` is not an http:// or https:// address")),
        Err(why) => Err(format!("`{text}` is not an address: {why}")),
    }
}

/// The same, where one of these words may stand instead.
pub fn check_url_or(words: &[&str], text: &str) -> Result<(), String> {
    if words.contains(&text) { Ok(()) } else { check_url(text) }
}

/// A text of the environment or of a flag as the value of a setting; why not, in words.
pub fn read(key: Key, text: &str) -> Result<Value, String> {
    match key.holds() {
        Holds::Name | Holds::Path | Holds::Command => Ok(Value::Text(text.to_owned())),
        Holds::Choice(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
        Holds::Choice(words) => Err(format!("`{text}` is not {}", words.join(" or "))),
        Holds::Url => check_url(text).map(|()| Value::Text(text.to_owned())),
        Holds::UrlOr(words) => check_url_or(words, text).map(|()| Value::Text(text.to_owned())),
        Holds::Headers => wanted::headers(text).map(|_| Value::Text(text.to_owned())),
        Holds::Patterns => Ok(Value::Text(bounds::joined(text.split(',')))),
        Holds::Query => tuning::query(text).map(|_| Value::Text(text.to_owned())),
        Holds::Object => tuning::object(text).map(|_| Value::Text(text.to_owned())),
        Holds::Span => match span::parse(text) {
            Ok(span) => Ok(Value::Text(span::format(span))),
            Err(error) => Err(error.to_string()),
        },
        Holds::Decimal(least, most) => match text.trim().parse::<f64>() {
            Ok(number) if number >= from(least) && number <= from(most) => Ok(Value::Text(text.trim().to_owned())),
            _ => Err(format!("`{text}` is not a number from {least}.0 to {most}.0")),
        },
        Holds::Flag => match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Ok(Value::Flag(true)),
            "0" | "false" | "no" | "" => Ok(Value::Flag(false)),
            _ => Err(format!("`{text}` is neither true nor false")),
        },
        Holds::Count(least, most) => match text.parse() {
            Ok(count) if (least..=most).contains(&count) => Ok(Value::Count(count)),
            _ => Err(format!("`{text}` is not a whole number from {least} to {most}")),
        },
    }
}

/// A small whole number.
fn from(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// All sources together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    won: Layer,
    /// The names of agents of the file.
    agents: Vec<String>,
    servers: Vec<Server>,
    custom: Customs,
}

impl Settings {
    /// Lays the sources over each other. `current` is the kubeconfig's current context, which decides about the file's
    /// sections when neither flag nor environment nor file names one.
    pub fn resolve(flags: &Layer, env: &Layer, file: &File, current: Option<&str>) -> Self {
        let mut won = Layer::new();
        for layer in [flags, env, &file.all] {
            for (key, said) in layer {
                won.entry(*key).or_insert_with(|| said.clone());
            }
        }
        let context = match won.get(&Key::Context) {
            Some((Value::Text(name), _)) => Some(name.clone()),
            _ => current.map(str::to_owned),
        };
        Self::within(flags, env, file, context.as_deref())
    }

    /// The same for a context, whichever one they name; `None`: only what holds for all.
    pub fn within(flags: &Layer, env: &Layer, file: &File, context: Option<&str>) -> Self {
        let mut won = Layer::new();
        for layer in [flags, env, &file.all] {
            for (key, said) in layer {
                won.entry(*key).or_insert_with(|| said.clone());
            }
        }
        if let Some(context) = context {
            for (_, layer) in file.contexts.iter().filter(|(pattern, _)| glob::matches(pattern, context)) {
                for (key, said) in layer {
                    let stronger = flags.contains_key(key) || env.contains_key(key);
                    if !stronger {
                        won.insert(*key, said.clone());
                    }
                }
            }
        }
        // An agent with a name is that agent, whole: nothing of another is mixed into it.
        let named = match won.get(&Key::AgentName) {
            Some((Value::Text(name), _)) => file.agents.get(name),
            _ => None,
        };
        if let Some(layer) = named {
            won.retain(|key, _| !key.per_agent());
            won.extend(layer.iter().map(|(key, said)| (*key, said.clone())));
        }
        // Whoever wants nothing to leave this machine is not overruled by a weaker or a stronger source.
        let layers: Vec<&Layer> = [flags, env, &file.all].into_iter().chain(named).collect();
        bounds::strictest(&layers, &mut won);
        // A namespace named by a stronger source than the one that asks for all of them is what the person wants.
        let rank = |key| won.get(&key).map(|(_, origin): &(Value, Origin)| origin.rank());
        let mut weaker = Vec::new();
        if rank(Key::Namespace) > rank(Key::AllNamespaces) {
            weaker.push(Key::AllNamespaces);
        }
        // Who names another provider does not mean to send it the key of the one before, nor to that address.
        for key in [
            Key::AgentUrl,
            Key::AgentKeyEnv,
            Key::AgentKeyCommand,
            Key::AgentKeyFile,
            Key::AgentKeyHeader,
            Key::AgentHeaders,
            Key::AgentQuery,
            Key::AgentExtraBody,
        ] {
            if rank(Key::AgentProvider) > rank(key) {
                weaker.push(key);
            }
        }
        for key in weaker {
            won.remove(&key);
        }
        Self {
            won,
            agents: file.agents.keys().cloned().collect(),
            servers: file.servers.clone(),
            custom: file.custom.clone(),
        }
    }

    /// A setting with who said it; `None` when its default holds.
    pub fn said(&self, key: Key) -> Option<&(Value, Origin)> {
        self.won.get(&key)
    }

    pub(super) fn text(&self, key: Key) -> Option<&str> {
        match self.won.get(&key) {
            Some((Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self, key: Key) -> bool {
        matches!(self.won.get(&key), Some((Value::Flag(true), _)))
    }

    /// The context asked for.
    pub fn context(&self) -> Option<&str> {
        self.text(Key::Context)
    }

    /// The namespace asked for.
    pub fn namespace(&self) -> Option<&str> {
        self.text(Key::Namespace)
    }

    /// All namespaces at once.
    pub fn all_namespaces(&self) -> bool {
        self.flag(Key::AllNamespaces)
    }

    /// The kubeconfig file asked for by flag or file. What `KUBECONFIG` lists is read where kubeconfigs are.
    pub fn kubeconfig(&self) -> Option<&str> {
        self.text(Key::Kubeconfig)
    }

    /// ASCII alone; `None` where nobody says.
    pub fn ascii(&self) -> Option<bool> {
        match self.said(Key::Ascii) {
            Some((Value::Flag(on), _)) => Some(*on),
            _ => None,
        }
    }

    /// The mouse is heard.
    pub fn mouse(&self) -> bool {
        self.flag(Key::UiMouse)
    }

    /// Whether addresses are links: `None` where the terminal decides.
    pub fn links(&self) -> Option<bool> {
        match self.text(Key::UiLinks)? {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        }
    }

    /// In lines; `None` where nobody says.
    pub fn plain(&self) -> Option<bool> {
        match self.said(Key::Plain) {
            Some((Value::Flag(on), _)) => Some(*on),
            _ => None,
        }
    }

    /// No writes.
    pub fn readonly(&self) -> bool {
        self.flag(Key::Readonly)
    }

    /// Where figures come from.
    pub fn metrics(&self) -> Wanted {
        let path = |key| self.text(key).filter(|path| !path.is_empty()).map(PathBuf::from);
        Wanted {
            ask: match self.text(Key::Prometheus) {
                None | Some("") => Ask::Found,
                Some("none") => Ask::Nowhere,
                Some("proxies") => Ask::Proxies,
                Some(address) => Ask::Address(address.to_owned()),
            },
            access: Access {
                token_file: path(Key::PrometheusTokenFile),
                // What cannot be read was refused where it was said.
                headers: self
                    .text(Key::PrometheusHeaders)
                    .and_then(|text| wanted::headers(text).ok())
                    .unwrap_or_default(),
                ca: path(Key::PrometheusCa),
                certificate: path(Key::PrometheusCert),
                key: path(Key::PrometheusKey),
            },
        }
    }

    /// The guardrail file.
    pub fn policy(&self) -> Option<PathBuf> {
        self.text(Key::Policy).map(PathBuf::from)
    }

    /// Where journals live, when not in the default place.
    pub fn state_dir(&self) -> Option<PathBuf> {
        self.text(Key::StateDir).map(PathBuf::from)
    }

    /// The theme's name or path.
    pub fn theme(&self) -> &str {
        self.text(Key::Theme).unwrap_or(super::theme::AUTO)
    }

    /// The keymap's name or path.
    pub fn keymap(&self) -> &str {
        self.text(Key::Keymap).unwrap_or("default")
    }

    /// MCP servers whose tools the model may use, by name.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Namespaces that come first where one is chosen.
    pub fn favourites(&self) -> Vec<String> {
        let names = self.text(Key::Favourites).unwrap_or_default();
        names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// What a person adds of their own, for all contexts.
    pub fn custom(&self) -> &Customs {
        &self.custom
    }

    /// Most frames a second.
    pub fn fps(&self) -> u16 {
        match self.won.get(&Key::Fps) {
            Some((Value::Count(fps), _)) => u16::try_from(*fps).unwrap_or(60),
            _ => 60,
        }
    }

    pub(super) fn count(&self, key: Key) -> Option<u64> {
        match self.won.get(&key) {
            Some((Value::Count(count), _)) => Some(*count),
            _ => None,
        }
    }

    /// From which share of bad answers something is unwell.
    pub fn tolerances(&self) -> Tolerances {
        let percent = |key, default| self.count(key).and_then(|count| u8::try_from(count).ok()).unwrap_or(default);
        let limits = |degraded, failing, default: Limits| Limits {
            degraded: percent(degraded, default.degraded),
            failing: percent(failing, default.failing),
        };
        let usual = Tolerances::default();
        Tolerances {
            client: limits(Key::Health4xxDegraded, Key::Health4xxFailing, usual.client),
            server: limits(Key::Health5xxDegraded, Key::Health5xxFailing, usual.server),
            grpc: limits(Key::HealthGrpcDegraded, Key::HealthGrpcFailing, usual.grpc),
        }
    }

    fn tuning(&self) -> Tuning {
        // What cannot be read was refused where it was said.
        let span = |key| self.text(key).and_then(|text| span::parse(text).ok());
        Tuning {
            temperature: self.text(Key::AgentTemperature).and_then(|text| serde_json::from_str(text).ok()),
            seed: self.count(Key::AgentSeed),
            connect: span(Key::AgentConnectTimeout),
            stall: span(Key::AgentStallTimeout),
            whole: span(Key::AgentTimeout),
            headers: self.text(Key::AgentHeaders).and_then(|text| wanted::headers(text).ok()).unwrap_or_default(),
            query: self.text(Key::AgentQuery).and_then(|text| tuning::query(text).ok()).unwrap_or_default(),
            extra: self.text(Key::AgentExtraBody).and_then(|text| tuning::object(text).ok()).unwrap_or_default(),
            key_header: self.text(Key::AgentKeyHeader).map(str::to_owned),
            tools: self.text(Key::AgentToolMode).and_then(ToolMode::of).unwrap_or_default(),
            local_only: self.flag(Key::AgentLocalOnly),
            limits: self.limits(),
            privacy: self.privacy(),
        }
    }

    /// The model to ask; `None` when nobody named one, an error in words when only half of it is named.
    pub fn agent(&self) -> Result<Option<Model>, Failure> {
        match self.mute() {
            Some(why) => Err(why),
            None => self.agent_set(),
        }
    }

    /// Why nobody is asked, whichever agent is set; `None` where one may be.
    pub fn mute(&self) -> Option<Failure> {
        let (_, origin) = self.said(Key::NoAgent).filter(|(value, _)| *value == Value::Flag(true))?;
        let what = format!("the agent is switched off for this context by {origin}");
        Some(Failure::new(what, "take `no-agent` out, or go to another context"))
    }

    /// The model that is set, whether it may be asked or not.
    pub fn agent_set(&self) -> Result<Option<Model>, Failure> {
        // Whoever names provider and model on the command line asks for no other.
        let direct = matches!(self.won.get(&Key::AgentProvider), Some((_, Origin::Flag)));
        if let Some(name) =
            self.text(Key::AgentName).filter(|name| !direct && !self.agents.iter().any(|one| one == name))
        {
            let fix = match suggest::nearest(name, self.agents.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.agents.is_empty() => {
                    "write [agents.NAME] in the settings file, or give PROVIDER:MODEL".to_owned()
                }
                None => format!("known: {}", self.agents.join(", ")),
            };
            return Err(Failure::new(format!("there is no agent `{name}` in the settings file"), fix));
        }
        let Some(wire) = self.text(Key::AgentProvider).and_then(Wire::of) else {
            return match self.text(Key::AgentModel) {
                None => Ok(None),
                Some(name) => Err(Failure::new(
                    format!("agent.model is {name}, but agent.provider is not set"),
                    "set agent.provider",
                )),
            };
        };
        let Some(name) = self.text(Key::AgentModel).filter(|name| !name.trim().is_empty()) else {
            let what = format!("agent.provider is {}, but agent.model is not set", wire.word());
            return Err(Failure::new(what, "set agent.model, or give --agent PROVIDER:MODEL"));
        };
        let base_url = self.text(Key::AgentUrl).unwrap_or(wire.home()).to_owned();
        if base_url.is_empty() && wire == Wire::Analyze {
            let what = "agent.provider is analyze, but agent.base-url is not set";
            return Err(Failure::new(what, "say where the agent is: --agent analyze:NAMESPACE/ROLLOUT@URL"));
        }
        let file = self.text(Key::AgentKeyFile).filter(|path| !path.is_empty());
        let key = match (self.text(Key::AgentKeyCommand), file, self.text(Key::AgentKeyEnv)) {
            (Some(command), _, _) => KeySource::Command(command.to_owned()),
            (None, Some(path), _) => KeySource::File(PathBuf::from(path)),
            (None, None, Some(name)) => KeySource::Env { names: vec![name.to_owned()], needed: true },
            (None, None, None) => Model::usual_key(wire, &base_url),
        };
        let model = Model {
            wire,
            base_url,
            name: name.to_owned(),
            key,
            max_tokens: self.count(Key::AgentMaxTokens).unwrap_or(4096),
            context_tokens: self.count(Key::AgentContextTokens).unwrap_or(128_000),
            tuning: self.tuning(),
        };
        if model.base_url.is_empty() {
            model.in_cluster().map_err(|why| {
                Failure::new(why, "write --agent a2a:NAMESPACE/NAME, or a2a:NAME@URL for an agent at an address")
            })?;
        }
        Ok(Some(model))
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Layer, Model, Origin, Settings, ToolMode, Value, Wire, parse};
    use crate::mesh::health::{Limits, Tolerances};

    #[test]
    fn tolerances_of_the_file_stand_over_the_usual_ones() {
        let file =
            parse("config.toml", "health-5xx-failing = 5\n[contexts.\"*prod*\"]\nhealth-4xx-degraded = 1\n").unwrap();
        let of = |context| Settings::resolve(&Layer::new(), &Layer::new(), &file, Some(context)).tolerances();
        let usual = Tolerances::default();
        let server = Limits { failing: 5, ..usual.server };
        assert_eq!(of("dev"), Tolerances { server, ..usual });
        let client = Limits { degraded: 1, ..usual.client };
        assert_eq!(of("eu-prod-1"), Tolerances { client, server, ..usual });
        let wrong = parse("config.toml", "health-5xx-failing = 101\n").unwrap_err().to_string();
        assert!(wrong.contains("100"), "{wrong}");
    }

    fn chosen(file: &str, flags: &[(Key, &str)]) -> Result<Option<Model>, crate::msg::Failure> {
        let file = parse("config.toml", file).unwrap();
        let flags = flags.iter().map(|(key, text)| (*key, (Value::Text((*text).to_owned()), Origin::Flag))).collect();
        Settings::resolve(&flags, &Layer::new(), &file, None).agent()
    }

    const AGENTS: &str = "[agent]\nname = \"local\"\nprovider = \"anthropic\"\nmodel = \"claude\"\nkey-command = \"op read x\"\n\
        [agents.local]\nprovider = \"openai\"\nmodel = \"qwen\"\nbase-url = \"http://127.0.0.1:8080/v1\"\n\
        tool-mode = \"json-fence\"\ntemperature = 0.2\nseed = 7\nlocal-only = true\nstall-timeout = \"5m\"\n\
        [agents.azure]\nprovider = \"openai\"\nmodel = \"gpt\"\nbase-url = \"https://r.example/openai/deployments/d\"\n\
        key-header = \"api-key\"\nquery = \"api-version=2024-10-21\"\nkey-file = \"/k\"\nextra-body = '{\"max_tokens\": null}'\n";

    #[test]
    fn an_agent_with_a_name_is_that_agent_whole() {
        let local = chosen(AGENTS, &[]).unwrap().unwrap();
        assert_eq!(
            (local.label().as_str(), local.tuning.seed, local.tuning.local_only),
            ("openai:qwen", Some(7), true)
        );
        assert_eq!(local.key, Model::usual_key(Wire::OpenAi, &local.base_url), "not the key of another");
        assert_eq!(local.tuning.temperature.unwrap().to_string(), "0.2");
        let azure = chosen(AGENTS, &[(Key::AgentName, "azure")]).unwrap().unwrap();
        assert_eq!((azure.tuning.key_header.as_deref(), azure.tuning.query.len()), (Some("api-key"), 1));
        assert!(azure.tuning.extra.contains_key("max_tokens") && azure.tuning.tools == ToolMode::Native);
        let wrong = chosen(AGENTS, &[(Key::AgentName, "azur")]).unwrap_err();
        assert!(wrong.what.contains("azur") && wrong.fix.contains("`azure`"), "{wrong:?}");
    }

    #[test]
    fn what_stays_on_this_machine_is_not_overruled() {
        let file = "[agent]\nlocal-only = true\n[agents.x]\nprovider = \"openai\"\nmodel = \"m\"\nlocal-only = false\n";
        let named = chosen(file, &[(Key::AgentName, "x")]).unwrap().unwrap();
        let given = chosen(file, &[(Key::AgentProvider, "openai"), (Key::AgentModel, "m")]).unwrap().unwrap();
        assert!(named.tuning.local_only && given.tuning.local_only);
    }

    #[test]
    fn an_agent_given_by_flag_takes_no_secrets_of_the_file() {
        let file =
            "[agent]\nheaders = \"X: s3cret\"\nquery = \"k=s3cret\"\nkey-file = \"/k\"\nextra-body = '{\"a\":1}'\n";
        let model = chosen(file, &[(Key::AgentProvider, "openai"), (Key::AgentModel, "m")]).unwrap().unwrap();
        assert!(model.tuning.headers.is_empty() && model.tuning.query.is_empty() && model.tuning.extra.is_empty());
        assert_eq!(model.key, Model::usual_key(Wire::OpenAi, Wire::OpenAi.home()));
    }

    #[test]
    fn agents_of_the_cluster_need_no_address_and_others_do() {
        let of = |wire, name| chosen("", &[(Key::AgentProvider, wire), (Key::AgentModel, name)]);
        assert_eq!(of("a2a", "kagent/k8s-agent").unwrap().unwrap().in_cluster(), Ok(("kagent", "k8s-agent")));
        for (wire, name) in [("a2a", "k8s-agent"), ("a2a", "../x"), ("a2a", "a/b/c"), ("analyze", "canary/demo")] {
            assert!(of(wire, name).is_err(), "{wire}:{name}");
        }
    }
}
