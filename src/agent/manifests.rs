//! Objects of Kubernetes in an agent's answer: what it would have somebody apply. They are read as a proposal and go through the
//! same door as one of a model, with the agent's name on it.

use super::message::Call;
use serde_json::json;

/// Most of one answer that are looked at.
pub const MOST: usize = 5;

/// The fenced blocks of an answer that are objects, in order. A block is one when it says `apiVersion` and `kind`.
pub fn found(answer: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in answer.lines() {
        let fence = line.trim_start().strip_prefix("```");
        open = match (open, fence) {
            (None, Some(language)) => Some((language.trim(), Vec::new())),
            (None, None) => None,
            (Some((language, lines)), Some(_)) => {
                if matches!(language, "" | "yaml" | "yml" | "json") {
                    blocks.push(lines.join("\n"));
                }
                None
            }
            (Some((language, mut lines)), None) => {
                lines.push(line);
                Some((language, lines))
            }
        };
    }
    blocks.retain(|block| object(block));
    blocks.truncate(MOST);
    blocks
}

fn object(block: &str) -> bool {
    let says =
        |word: &str| block.lines().any(|line| line.trim_start().trim_start_matches(['"', '{', ' ']).starts_with(word));
    says("apiVersion") && says("kind")
}

/// The call that proposes them. `who` is the agent.
pub fn proposed(at: usize, block: &str, who: &str) -> Call {
    let arguments = json!({"yaml": block, "why": format!("from the agent {who}")});
    Call { id: format!("manifest_{at}"), name: "propose_fix".to_owned(), arguments: arguments.to_string() }
}

#[cfg(test)]
mod tests {
    use super::{found, proposed};
    use crate::agent::{
        order::{self, Order},
        tools,
    };

    #[test]
    fn objects_in_fences_are_found_and_nothing_else() {
        let answer = "Scale it:\n```yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n```\n\
            or run\n```sh\nkubectl apply -f - <<EOF\napiVersion: v1\nkind: Pod\nEOF\n```\n```yaml\nreplicas: 3\n```\n\
            ```yaml\napiVersion: v1\nkind: Pod\n";
        let blocks = found(answer);
        assert_eq!(blocks.len(), 1, "{blocks:?}");
        let call = proposed(0, &blocks[0], "k8s-agent");
        let tool = tools::named(&call.name).unwrap();
        let Ok(Order::Propose(wanted)) = order::order(tool, &call.arguments, "shop") else { panic!("no proposal") };
        assert!(wanted.kept && wanted.hypothesis.contains("k8s-agent") && wanted.fault.manifests.len() == 1);
    }

    #[test]
    fn a_flood_of_objects_is_cut() {
        assert_eq!(found(&"```\napiVersion: v1\nkind: Pod\n```\n".repeat(100)).len(), super::MOST);
    }
}
