//! The page of settings and guardrails.

use super::cell;
use crate::{
    config::{custom, key::Key, mcp_servers, policy_file::PolicyKey},
    fault::policy::Policy,
};

/// What a person adds of their own.
fn own() -> String {
    let mut page = format!(
        "\n## Your own\n\nIn the settings file, or in files beside it that hold nothing else: {}. Below `[contexts.\"NAME\"]` they \
         hold in contexts of that form alone, as `[[contexts.\"prod*\".hotkeys]]`. What the settings file says stands over the \
         files. Keys that the keymap has are its own unless `override` says otherwise; `abort` is never anybody else's. \
         `brink import k9s` writes these files from k9s' own, and says what was not understood. `brink config check` says what \
         is wrong, and where keys meet.\n",
        custom::FILES.map(|file| format!("`{file}`")).join(", ")
    );
    for (head, about, keys) in custom::SECTIONS {
        page.push_str(&format!("\n### `{head}`\n\n{about}\n\n| key | example | what it does |\n|---|---|---|\n"));
        for (key, example, doc) in keys {
            page.push_str(&format!("| `{key}` | `{}` | {} |\n", cell(example), cell(doc)));
        }
    }
    page
}

/// `docs/config.md`.
pub fn page() -> String {
    let mut page = "# Settings\n\nA flag outdoes the environment, which outdoes the file's section for the context, which outdoes \
                    the file, which outdoes the default. `brink config show` says who won, `brink config check` reads the files \
                    and names every wrong line.\n\nThe file is `$XDG_CONFIG_HOME/brink/config.toml` (on macOS below \
                    `~/Library/Application Support`), or the one `BRINK_CONFIG` names:\n\n```toml\nprometheus = \
                    \"http://127.0.0.1:9090\"\ntheme = \"light\"\n\n[contexts.\"*prod*\"]        # by the context's name, which may \
                    hold *\nreadonly = true\nprometheus = \"https://prometheus.example.com/prod\"\n```\n\nA cockpit that goes to another \
                    context puts on what its sections say and takes it off again when it leaves; flags hold everywhere, but for \
                    the namespace. Where the file for all and a section name guardrails, the strictest of both holds.\n\n"
        .to_owned();
    page.push_str("| setting | holds | default | environment | flag | per context | what it does |\n|---|---|---|---|---|---|---|\n");
    for key in Key::ALL {
        page.push_str(&format!(
            "| `{}` | {} | {} | `{}` | {} | {} | {} |\n",
            key.word(),
            key.holds().words(),
            cell(key.default_words()),
            key.env(),
            key.flag().map_or_else(|| "–".to_owned(), |flag| format!("`{flag}`")),
            if key.per_context() { "yes" } else { "no" },
            cell(key.doc()),
        ));
    }
    page.push_str(
        "\n## MCP servers\n\nA table `[mcp.NAME]` in the file names a server whose tools the model may use, after a person's yes \
         ([mcp.md](mcp.md)).\n\n| key | example | what it does |\n|---|---|---|\n",
    );
    for (key, example, doc) in mcp_servers::KEYS {
        page.push_str(&format!("| `{key}` | `{}` | {} |\n", cell(example), cell(doc)));
    }
    page.push_str(&own());
    page.push_str(
        "\n## Guardrails\n\nThe file that `policy` names, in TOML. A key that is absent keeps its default; a list replaces the default \
         list. While the file cannot be read no fault is applied; aborting always works. Every verdict of a preview names the key \
         that changes it.\n\nA ConfigMap `brink-policy` in the namespace `home`, with such a file under `policy.toml`, holds everybody who \
         uses the cluster: of each key that it names the stricter counts. Where it may not be read the file alone holds, and `brink \
         doctor --faults` says so.\n\n| key | default | what it does |\n|---|---|---|\n",
    );
    let policy = Policy::default();
    for key in PolicyKey::ALL {
        page.push_str(&format!("| `{}` | `{}` | {} |\n", key.word(), cell(&key.show(&policy)), cell(key.doc())));
    }
    page
}
