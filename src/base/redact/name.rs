//! What a name says about the value beside it.

/// How a name is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A variable: `DB_PASSWORD_OLD` is one wherever the word stands.
    Variable,
    /// A field of an object or a key of a file: only its last words count, since `tokenReview` and `secretTemplate` are no
    /// secrets.
    Field,
}

/// What a value is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing.
    Nothing,
    /// A key or token; numbers and switches are none.
    Key,
    /// A password; anything may be one.
    Password,
}

const PASSWORDS: [&str; 6] = ["password", "passwd", "pwd", "passphrase", "passcode", "dbpassword"];

/// Single words. `secret` alone is a reference in most objects, so a field needs more than that.
const KEYS: [&str; 10] = [
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "signingkey",
    "authtoken",
    "accesstoken",
    "clientsecret",
    "apitoken",
];

/// Words before `key` that make it one.
const BEFORE_KEY: [&str; 15] = [
    "api",
    "access",
    "secret",
    "private",
    "signing",
    "encryption",
    "master",
    "account",
    "shared",
    "auth",
    "license",
    "session",
    "cookie",
    "hmac",
    "deploy",
];

/// Words before `secret` that make it one, where it is a field.
const BEFORE_SECRET: [&str; 9] =
    ["client", "webhook", "shared", "consumer", "app", "hmac", "cookie", "session", "signing"];

/// A name that ends like this tells something about a secret, not the secret.
const ABOUT: [&str; 64] = [
    "file",
    "files",
    "path",
    "dir",
    "name",
    "names",
    "ref",
    "reference",
    "url",
    "uri",
    "endpoint",
    "host",
    "port",
    "ttl",
    "expiry",
    "expires",
    "expiration",
    "seconds",
    "minutes",
    "hours",
    "length",
    "size",
    "count",
    "limit",
    "policy",
    "enabled",
    "required",
    "type",
    "kind",
    "id",
    "version",
    "algorithm",
    "alg",
    "mode",
    "provider",
    "store",
    "backend",
    "manager",
    "class",
    "namespace",
    "key",
    "field",
    "header",
    "prefix",
    "issuer",
    "audience",
    "mount",
    "rotation",
    "interval",
    "timeout",
    "format",
    "review",
    "yaml",
    "yml",
    "json",
    "properties",
    "conf",
    "cfg",
    "ini",
    "toml",
    "xml",
    "txt",
    "pem",
    "sh",
];

/// The words of a name: `DB_PASSWORD`, `dbPassword`, `db-password`, `x.io/db.password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        // `apiKey`, and the last letter of a run of capitals: `APIKey`.
        let begins = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a name says.
pub(super) fn says(name: &str, style: Style) -> Says {
    // The domain before the slash of an annotation says nothing about its value.
    let own = name.rsplit_once('/').map_or(name, |(_, own)| own);
    let words = words(own);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((last, before)) = words.split_last() else { return Says::Nothing };
    let pair = |first: &str, second: &str| match (first, second) {
        (first, "key") => BEFORE_KEY.contains(&first),
        ("connection", "string") | ("key", "data") => true,
        _ => false,
    };
    let ends_in_pair = before.last().is_some_and(|before| pair(before, last));
    if ends_in_pair {
        // `apiKeySecretKey` names the key inside a Secret.
        let named = matches!(words.as_slice(), [.., "key" | "token" | "password", "secret", "key"]);
        return if named && style == Style::Field { Says::Nothing } else { Says::Key };
    }
    if ABOUT.contains(last) {
        return Says::Nothing;
    }
    match style {
        Style::Field => {
            if PASSWORDS.contains(last) {
                return Says::Password;
            }
            let secret = *last == "secret" && before.last().is_some_and(|before| BEFORE_SECRET.contains(before));
            let whole = matches!(
                words.as_slice(),
                ["authorization" | "cookie"] | ["proxy", "authorization"] | ["set", "cookie"]
            );
            if secret || whole || KEYS.contains(last) { Says::Key } else { Says::Nothing }
        }
        Style::Variable => {
            if words.iter().any(|word| PASSWORDS.contains(word)) || *last == "pass" {
                return Says::Password;
            }
            let key = words
                .iter()
                .any(|word| KEYS.contains(word) || matches!(*word, "secret" | "credential" | "credentials" | "dsn"))
                || words.windows(2).any(|two| matches!(two, [first, second] if pair(first, second)));
            if key { Says::Key } else { Says::Nothing }
        }
    }
}

/// What a name says that may be a field's or a variable's.
pub(super) fn either(name: &str) -> Says {
    let field = says(name, Style::Field);
    if field == Says::Nothing { says(name, Style::Variable) } else { field }
}

/// Folders in which files with secrets stand; their paths are none.
const FOLDERS: [&str; 14] = [
    "/etc/",
    "/var/",
    "/run/",
    "/mnt/",
    "/opt/",
    "/home/",
    "/tmp/",
    "/usr/",
    "/app/",
    "/secrets/",
    "/vault/",
    "/tls/",
    "/certs/",
    "./",
];

/// Whether a text is a secret, once its name says that it may be one.
pub(super) fn secret(says: Says, text: &str) -> bool {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let nothing = matches!(
        lower.as_str(),
        "" | "true" | "false" | "null" | "none" | "nil" | "yes" | "no" | "unset" | "redacted" | "|" | ">" | "|-" | ">-"
    );
    let elsewhere = text.starts_with("$(")
        || text.starts_with("${")
        || text.starts_with("{{")
        || text.starts_with('<')
        || text.starts_with("vault:")
        || text.starts_with("ref+")
        || FOLDERS.iter().any(|folder| text.starts_with(folder))
        || (text.contains("://") && !text.contains('@') && !text.contains(char::is_whitespace));
    let starred = text.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '•' | '.'));
    if nothing || elsewhere || starred || super::is_mask(text) {
        return false;
    }
    match says {
        Says::Nothing => false,
        Says::Password => true,
        Says::Key => {
            let number = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_' | '-'));
            // `OPENAI_API_KEY` is the name of a variable or of a key.
            let named =
                text.contains('_') && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            !number && !named
        }
    }
}

/// Whether a word looks made up: what stands after `token:` in a sentence is mostly an ordinary word.
pub(super) fn made_up(text: &str) -> bool {
    let letters = text.chars().any(|c| c.is_ascii_alphabetic());
    let digits = text.chars().any(|c| c.is_ascii_digit());
    text.len() >= 8 && letters && digits || text.len() >= 24 && letters && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Says, Style, says};

    #[rstest]
    #[case("DB_PASSWORD", Style::Variable, Says::Password)]
    #[case("POSTGRES_PASS", Style::Variable, Says::Password)]
    #[case("MYSQL_PWD_OLD", Style::Variable, Says::Password)]
    #[case("GITHUB_TOKEN_V2", Style::Variable, Says::Key)]
    #[case("OPENAI_API_KEY", Style::Variable, Says::Key)]
    #[case("APIKey", Style::Field, Says::Key)]
    #[case("AWS_SECRET_ACCESS_KEY", Style::Variable, Says::Key)]
    #[case("SECRET", Style::Variable, Says::Key)]
    #[case("client-key-data", Style::Field, Says::Key)]
    #[case("clientSecret", Style::Field, Says::Key)]
    #[case("rootPassword", Style::Field, Says::Password)]
    #[case("x-api-key", Style::Field, Says::Key)]
    #[case("DB_PASSWORD_FILE", Style::Variable, Says::Nothing)]
    #[case("TOKEN_URL", Style::Variable, Says::Nothing)]
    #[case("MAX_TOKENS", Style::Variable, Says::Nothing)]
    #[case("PASSWORD_MIN_LENGTH", Style::Variable, Says::Nothing)]
    #[case("KEYCLOAK_URL", Style::Variable, Says::Nothing)]
    #[case("MONKEY", Style::Variable, Says::Nothing)]
    #[case("secretName", Style::Field, Says::Nothing)]
    #[case("secret", Style::Field, Says::Nothing)]
    #[case("apiKeySecretKey", Style::Field, Says::Nothing)]
    #[case("checksum/secret", Style::Field, Says::Nothing)]
    #[case("automountServiceAccountToken", Style::Field, Says::Key)]
    #[case("key", Style::Field, Says::Nothing)]
    #[case("", Style::Field, Says::Nothing)]
    fn names_are_read(#[case] name: &str, #[case] style: Style, #[case] expected: Says) {
        assert_eq!(says(name, style), expected);
    }
}
