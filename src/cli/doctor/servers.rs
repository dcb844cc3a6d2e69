//! MCP servers of the settings: which answer, with how many tools, and how many of them run without asking.

use super::{Check, Health};
use crate::cli::{args::Globals, mcp, settings};

/// One check a server. What is wrong with the settings themselves is told elsewhere.
pub fn check(globals: &Globals, checks: &mut Vec<Check>) {
    let Ok(settings) = settings::resolve(globals) else { return };
    let standings = match mcp::standings(&settings) {
        Ok(standings) => standings,
        Err(failure) => {
            checks.push(Check::new("mcp", Health::Fail, failure.why, failure.fix));
            return;
        }
    };
    for one in standings {
        let name = format!("mcp {}", one.server.name);
        checks.push(match one.offer {
            Err(trouble) => Check::new(&name, Health::Fail, trouble.what, trouble.fix),
            Ok(offer) => {
                let detail =
                    format!("answers with {} tools; {} run without asking", offer.tools.len(), one.allowed.len());
                match offer.left_out.len() {
                    0 => Check::ok(&name, detail),
                    left => {
                        let detail = format!("{detail}; {left} left out");
                        Check::new(&name, Health::Warn, detail, "`brink mcp servers` says why")
                    }
                }
            }
        });
    }
}
