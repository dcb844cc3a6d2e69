//! The `[mcp.NAME]` tables of the settings: servers whose tools are offered to the model.

use std::time::Duration;

use super::{
    settings::check_url,
    toml_file::{Line, TomlFile},
};
use crate::{
    agent::mcp::server::{MOST_SERVERS, Reach, Server, USUAL_PATIENCE, plain_name},
    mesh::wanted,
};

/// The table's name in the settings.
pub const TABLE: &str = "mcp";

/// What a server's table may hold: its key, an example, what it means.
pub const KEYS: [(&str, &str, &str); 6] = [
    (
        "command",
        "[\"npx\", \"-y\", \"fortio-mcp\"]",
        "program and arguments of a server on stdin and stdout; no shell reads them",
    ),
    (
        "env",
        "[\"KUBECONFIG\"]",
        "names of environment variables the program is given, beside PATH, HOME and their like",
    ),
    ("url", "\"http://127.0.0.1:8084/mcp\"", "address of a server that speaks streamable HTTP, instead of `command`"),
    ("headers", "\"X-Team: a; X-Env: b\"", "headers for every request"),
    ("token-env", "\"FORTIO_TOKEN\"", "the environment variable with a bearer token"),
    ("timeout", "30", "seconds one call may take, from 1 to 600; 30 when absent"),
];

/// Reads all tables.
pub fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Vec<Server> {
    let mut servers = Vec::new();
    let Some(tables) = toml.table(line) else { return servers };
    for (name, value) in tables {
        let place = format!("{TABLE}.{}", name.get_ref());
        let Some(table) = value.get_ref().as_table() else {
            toml.lacks(name.span().start, &place, "must be a table", format!("write [{TABLE}.NAME]"));
            continue;
        };
        if !plain_name(name.get_ref()) {
            let hint = "use up to 24 small letters, digits and dashes: it stands before the names of its tools";
            toml.lacks(name.span().start, &place, "this is no name for a server", hint);
            continue;
        }
        let (mut words, mut env, mut url, mut headers, mut token_env) = (None, Vec::new(), None, Vec::new(), None);
        let mut patience = USUAL_PATIENCE;
        let before = toml.wrongs();
        toml.walk(&place, table, &KEYS.map(|(key, ..)| key), |toml, line| match line.key {
            "command" => match toml.texts(line) {
                Some(given) if given.first().is_some_and(|program| !program.trim().is_empty()) => words = Some(given),
                Some(_) => toml.refuse(line, "names no program", "write it like [\"npx\", \"-y\", \"fortio-mcp\"]"),
                None => {}
            },
            "env" => env = toml.texts(line).unwrap_or_default(),
            "url" => {
                if let Some(text) = toml.text(line) {
                    match check_url(&text) {
                        Ok(()) => url = Some(text),
                        Err(why) => toml.refuse(line, why, "write it like http://127.0.0.1:8084/mcp"),
                    }
                }
            }
            "headers" => {
                if let Some(text) = toml.text(line) {
                    match wanted::headers(&text) {
                        Ok(read) => headers = read,
                        Err(why) => toml.refuse(line, why, "write it like X-Team: a"),
                    }
                }
            }
            "token-env" => token_env = toml.text(line),
            _ => {
                if let Some(seconds) = toml.count(line, 1..=600) {
                    patience = Duration::from_secs(seconds);
                }
            }
        });
        let reach = match (words, url) {
            (Some(words), None) if headers.is_empty() && token_env.is_none() => Reach::Command { words, env },
            (None, Some(url)) if env.is_empty() => Reach::Http { url, headers, token_env },
            _ if toml.wrongs() > before => continue,
            (None, None) => {
                toml.lacks(name.span().start, &place, "names neither `command` nor `url`", "give one of them");
                continue;
            }
            (Some(_), Some(_)) => {
                toml.lacks(name.span().start, &place, "has both `command` and `url`", "leave one of them out");
                continue;
            }
            (Some(_), None) => {
                let hint = "leave `headers` and `token-env` out; pass variables on with `env`";
                toml.lacks(name.span().start, &place, "a program takes no headers", hint);
                continue;
            }
            (None, Some(_)) => {
                toml.lacks(name.span().start, &place, "an address takes no variables", "leave `env` out");
                continue;
            }
        };
        servers.push(Server { name: name.get_ref().to_string(), reach, patience });
    }
    if servers.len() > MOST_SERVERS {
        toml.refuse(line, format!("more than {MOST_SERVERS} servers"), "leave some out");
    }
    servers.sort_by(|a, b| a.name.cmp(&b.name));
    servers
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use crate::{agent::mcp::server::Reach, config::settings};

    #[test]
    fn servers_are_read_by_name() {
        let text = "[mcp.load]\ncommand = [\"node\", \"fortio.js\"]\nenv = [\"KUBECONFIG\"]\ntimeout = 120\n\
                    [mcp.kagent]\nurl = \"http://127.0.0.1:8084/mcp\"\nheaders = \"X-Team: s3cret\"\ntoken-env = \"T\"\n";
        let servers = settings::parse("config.toml", text).unwrap().servers;
        assert_eq!(servers.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["kagent", "load"]);
        let Reach::Http { headers, token_env, .. } = &servers[0].reach else { panic!() };
        assert_eq!((headers.len(), token_env.as_deref()), (1, Some("T")));
        assert!(!format!("{:?}", servers[0]).contains("s3cret"));
        assert_eq!(servers[1].patience, Duration::from_mins(2));
    }

    #[rstest]
    #[case("[mcp.a]\n", "neither")]
    #[case("[mcp.a]\ncommand = [\"x\"]\nurl = \"http://a/\"\n", "both")]
    #[case("[mcp.a]\ncommand = []\n", "names no program")]
    #[case("[mcp.a]\ncommand = \"x y\"\n", "a list of texts")]
    #[case("[mcp.a]\nurl = \"ftp://a/\"\n", "not an http")]
    #[case("[mcp.a]\ncommand = [\"x\"]\nheaders = \"A: b\"\n", "takes no headers")]
    #[case("[mcp.a]\nurl = \"http://a/\"\nenv = [\"A\"]\n", "takes no variables")]
    #[case("[mcp.a]\nurl = \"http://a/\"\ntimeout = 0\n", "from 1 to 600")]
    #[case("[mcp.A_b]\nurl = \"http://a/\"\n", "no name for a server")]
    #[case("[mcp.a]\nurll = \"http://a/\"\n", "did you mean `url`")]
    #[case("mcp = 1\n", "a table")]
    fn what_is_no_server_is_told_with_its_line(#[case] text: &str, #[case] told: &str) {
        let wrong = settings::parse("config.toml", text).unwrap_err().to_string();
        assert!(wrong.contains(told), "{wrong}");
    }
}
