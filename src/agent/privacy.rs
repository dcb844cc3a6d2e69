//! What of the cluster a provider may get: nothing of it, or nothing of some namespaces.

use serde::{Deserialize, Serialize};

use super::tools::Tool;

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

impl Privacy {
    /// Whether a model may know of this tool.
    pub fn offers(&self, tool: Tool) -> bool {
        !self.withhold || tool.proposes()
    }

    /// Whether nothing of this namespace may be told.
    pub fn hides(&self, namespace: &str) -> bool {
        self.withhold || crate::base::glob::any(&self.exclude, namespace)
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
    use super::Privacy;
    use crate::agent::tools::Tool;

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
