//! What of the cluster a provider may get: nothing of it, or nothing of some namespaces.

use serde::{Deserialize, Serialize};

use super::{message::Message, tools::Tool};

/// What is withheld from models, agents and MCP clients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Privacy {
    /// Nothing of the cluster leaves this machine.
    pub withhold: bool,
    /// Namespaces nothing is told of, as patterns.
    pub exclude: Vec<String>,
}

/// Why a tool that reads is refused.
pub const WITHHELD: &str = "nothing of the cluster is told: agent.cluster-data is false";
/// What a model is told of a proposal that a person may look at.
pub const SHOWN: &str = "shown to the person";
/// What a model is told of a proposal that would not apply.
pub const UNSHOWN: &str = "refused; the person sees why";

/// What a person is told when a conversation is gone on with in part.
pub const KEPT_BACK: &str = "what was said up to the last word of a namespace that is kept back now is not sent again (agent.exclude-namespaces)";

impl Privacy {
    /// Whether a model may know of this tool.
    pub fn offers(&self, tool: Tool) -> bool {
        !self.withhold || tool.proposes()
    }

    /// Whether nothing of this namespace may be told.
    pub fn hides(&self, namespace: &str) -> bool {
        self.withhold || crate::base::glob::any(&self.exclude, namespace)
    }

    /// The messages that may be sent. Where everything is withheld now and was not before, whatever was said up to the last data
    /// of the cluster stays here: answers speak of it.
    pub fn passes<'m>(&self, messages: &'m [Message]) -> &'m [Message] {
        if !self.withhold {
            return messages;
        }
        let asked = |message: &Message| matches!(message, Message::You(_));
        let told = [SHOWN, UNSHOWN, WITHHELD];
        let holds = |message: &Message| match message {
            Message::You(text) => text.contains("<data "),
            Message::Model { .. } => false,
            Message::Tools(answers) => {
                !answers.iter().all(|answer| told.contains(&answer.text.trim_start_matches("error: ")))
            }
        };
        // The turn that runs began while nothing was told.
        let last = messages.iter().rposition(asked).unwrap_or(0);
        let before = messages.get(..last).unwrap_or_default();
        let from = before.iter().rposition(holds).map_or(0, |at| at + 1);
        let begins = messages.iter().skip(from).position(asked).map_or(last, |at| from + at);
        messages.get(begins..).unwrap_or_default()
    }

    /// How many of the first messages name a namespace that nothing is told of, or stand before one that does. A conversation that
    /// is gone on with was perhaps held while that namespace was told of: whatever led up to it stays here.
    pub fn untold(&self, messages: &[Message]) -> usize {
        if self.exclude.is_empty() {
            return 0;
        }
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let names = |text: &str| text.split(|c| !in_name(c)).any(|word| crate::base::glob::any(&self.exclude, word));
        let holds = |message: &Message| match message {
            Message::You(text) => names(text),
            Message::Model { text, calls } => names(text) || calls.iter().any(|call| names(&call.arguments)),
            Message::Tools(answers) => answers.iter().any(|answer| names(&answer.text)),
        };
        let Some(last) = messages.iter().rposition(holds) else { return 0 };
        let begins = |message: &Message| matches!(message, Message::You(_));
        messages.iter().skip(last + 1).position(begins).map_or(messages.len(), |at| last + 1 + at)
    }

    /// What is withheld, in words; empty when nothing is.
    pub fn words(&self) -> String {
        if self.withhold {
            return "withheld: everything of the cluster (agent.cluster-data is false)".to_owned();
        }
        if self.exclude.is_empty() {
            return String::new();
        }
        format!("withheld: everything of the namespaces {} (agent.exclude-namespaces)", self.exclude.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Privacy, SHOWN};
    use crate::agent::{
        message::{Message, ToolAnswer},
        tools::Tool,
    };

    #[test]
    fn what_was_said_before_nothing_was_told_stays_here() {
        let you = |text: &str| Message::You(text.to_owned());
        let model = |text: &str| Message::Model { text: text.to_owned(), calls: Vec::new() };
        let tools =
            |text: &str| Message::Tools(vec![ToolAnswer { id: "a".to_owned(), text: text.to_owned(), ok: true }]);
        let all = [
            you("hello"),
            model("hi"),
            you("what runs?"),
            tools("<data source=\"list\" id=\"e1\">\nweb-1\n</data>"),
            model("web-1 runs"),
            you("propose something"),
            tools(SHOWN),
            model("look at it"),
            you("and more"),
            tools("error: more than 16 calls at once; call the rest again"),
        ];
        let none = Privacy::default();
        assert_eq!(none.passes(&all).len(), all.len());
        let withheld = Privacy { withhold: true, ..Privacy::default() };
        assert_eq!(withheld.passes(&all), &all[5..], "nothing that speaks of the list");
        assert_eq!(withheld.passes(&all[..3]), &all[..3]);
        assert_eq!(withheld.passes(&all[5..]), &all[5..], "and what is no data of the cluster stays");
    }

    #[test]
    fn what_was_said_of_a_namespace_before_it_was_kept_back_stays_here() {
        let you = |text: &str| Message::You(text.to_owned());
        let tools =
            |text: &str| Message::Tools(vec![ToolAnswer { id: "a".to_owned(), text: text.to_owned(), ok: true }]);
        let said = |text: &str| Message::Model { text: text.to_owned(), calls: Vec::new() };
        let all = [
            you("what fails?"),
            tools("<data>\nnamespace: vault\n</data>"),
            said("web-1 fails"),
            you("why?"),
            said("its image is missing"),
        ];
        let hides = |pattern: &str| Privacy { exclude: vec![pattern.to_owned()], ..Privacy::default() };
        assert_eq!(Privacy::default().untold(&all), 0);
        assert_eq!(hides("vault").untold(&all), 3);
        assert_eq!(hides("va*").untold(&all), 3);
        assert_eq!(hides("shop").untold(&all), 0);
        assert_eq!(hides("image").untold(&all), 5, "with nothing asked after it, nothing is left");
    }

    #[test]
    fn what_is_withheld_is_said() {
        let none = Privacy::default();
        assert!(none.words().is_empty() && none.offers(Tool::List) && !none.hides("shop"));
        let some = Privacy { exclude: vec!["kube-*".to_owned(), "vault".to_owned()], ..Privacy::default() };
        assert!(some.hides("kube-system") && some.hides("vault") && !some.hides("shop") && some.offers(Tool::List));
        assert!(some.words().contains("kube-*, vault"));
        let all = Privacy { withhold: true, ..Privacy::default() };
        assert!(all.hides("shop") && !all.offers(Tool::List) && all.offers(Tool::ProposeFault));
        assert!(all.words().contains("everything of the cluster"));
    }
}
