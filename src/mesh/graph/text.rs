//! The graph for other tools to draw: DOT (graphviz.org, "DOT Language") and Mermaid (mermaid.js.org, "Flowcharts").
//!
//! Names come from outside: in DOT they stand in quotes, in Mermaid nodes are numbered and names are labels in quotes, with
//! everything that means something there written as an entity.

use std::fmt::Write as _;

use super::{Edge, Graph, Node, NodeKind};

/// From this share of errors on a call is drawn as broken.
const BROKEN: f64 = 0.05;

/// As DOT.
pub fn dot(graph: &Graph) -> String {
    let mut text = String::from("digraph mesh {\n  rankdir=LR;\n  node [shape=box];\n");
    for node in graph.nodes() {
        let shape = match node.kind() {
            NodeKind::Workload => "box",
            NodeKind::Gateway => "house",
            NodeKind::Service => "component",
            NodeKind::External => "ellipse",
            NodeKind::Unknown => "plaintext",
        };
        let _ = writeln!(text, "  {} [shape={shape}];", quoted(&node.id.to_string()));
    }
    for edge in graph.edges() {
        let Some((from, to)) = ends(graph, edge) else { continue };
        let broken = edge.error_share().is_some_and(|share| share >= BROKEN);
        let colour = if broken { ", color=red" } else { "" };
        let (from, to, label) = (quoted(&from.id.to_string()), quoted(&to.id.to_string()), quoted(&figures(edge)));
        let _ = writeln!(text, "  {from} -> {to} [label={label}{colour}];");
    }
    text.push_str("}\n");
    text
}

/// As a Mermaid flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    for (at, node) in graph.nodes().iter().enumerate() {
        let (open, close) = match node.kind() {
            NodeKind::Workload => ("[", "]"),
            NodeKind::Gateway => ("{{", "}}"),
            NodeKind::Service => ("[[", "]]"),
            NodeKind::External => ("([", "])"),
            NodeKind::Unknown => ("((", "))"),
        };
        let _ = writeln!(text, "  n{at}{open}\"{}\"{close}", entities(&node.id.to_string()));
    }
    let mut broken = Vec::new();
    for (at, edge) in graph.edges().iter().enumerate() {
        let _ = writeln!(text, "  n{} -->|\"{}\"| n{}", edge.from, entities(&figures(edge)), edge.to);
        if edge.error_share().is_some_and(|share| share >= BROKEN) {
            broken.push(at.to_string());
        }
    }
    if !broken.is_empty() {
        let _ = writeln!(text, "  linkStyle {} stroke:red", broken.join(","));
    }
    text
}

fn ends<'a>(graph: &'a Graph, edge: &Edge) -> Option<(&'a Node, &'a Node)> {
    Some((graph.nodes().get(edge.from)?, graph.nodes().get(edge.to)?))
}

/// `208.0/s 0.2% mTLS weight 10% (9.8%)`; `3.0 conn/s mTLS` where nobody reads requests.
fn figures(edge: &Edge) -> String {
    let errors = edge.error_share().map(|share| format!(" {:.1}%", share * 100.0)).unwrap_or_default();
    let lock = match edge.mtls {
        Some(true) => " mTLS",
        Some(false) => " plaintext",
        None => "",
    };
    let split = edge.split.as_ref().map(|split| format!(" weight {}", split.words())).unwrap_or_default();
    if edge.only_tcp() {
        let opened = edge.tcp.opened.map_or_else(|| "TCP".to_owned(), |rate| format!("{rate:.1} conn/s"));
        return format!("{opened}{lock}");
    }
    format!("{:.1}/s{errors}{lock}{split}", edge.tally.rps)
}

/// A quoted string of DOT: only the quote has to be escaped, and a backslash, which would begin an escape of a label.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Text within quotes of Mermaid, which knows entities by number and nothing else.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '%' | ':' | '(' | ')') => out.push(c),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}
