//! Secrets known by their form alone, wherever they stand.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose};
use regex::Regex;

/// One form. The group `s` is the secret.
pub(super) struct Form {
    /// Without one of these words the text is not looked at: a log has many lines, and few hold anything.
    hints: &'static [&'static str],
    pub(super) regex: Regex,
    /// What the form cannot say.
    pub(super) fits: fn(&str) -> bool,
}

impl Form {
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        self.hints.iter().any(|hint| text.contains(hint))
    }
}

fn any(_: &str) -> bool {
    true
}

/// Names of objects have no capitals: what has all three was made by a generator.
fn generated(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
        && text.chars().any(|c| c.is_ascii_lowercase())
        && text.chars().any(|c| c.is_ascii_uppercase())
}

/// `user:password`, encoded.
pub(super) fn basic(text: &str) -> bool {
    let engines = [&general_purpose::STANDARD, &general_purpose::STANDARD_NO_PAD, &general_purpose::URL_SAFE_NO_PAD];
    engines.iter().any(|engine| {
        engine.decode(text).is_ok_and(|bytes| bytes.contains(&b':') && bytes.iter().all(|byte| *byte >= b' '))
    })
}

fn bearer(text: &str) -> bool {
    text.len() >= 8 && text.chars().any(|c| c.is_ascii_digit()) || text.len() >= 24
}

/// What follows a flag is its value, unless it is the next flag, a file, a word that stands for something, or an ordinary word.
fn value(text: &str) -> bool {
    !text.starts_with(['-', '/', '.', '$', '<', '{', '%']) && super::name::made_up(text)
}

/// A port is no password.
fn password(text: &str) -> bool {
    !text.starts_with("$(") && !text.starts_with("${") && !text.chars().all(|c| c == '*')
}

/// The hints, the expression, and the last word on it.
type Row = (&'static [&'static str], &'static str, fn(&str) -> bool);

/// Every form.
const FORMS: [Row; 25] = [
    // RFC 7468, also with the line breaks of JSON, also cut off.
    (
        &["PRIVATE KEY"],
        r"(?P<s>-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.)*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z))",
        any,
    ),
    // The same in base64, as kubeconfigs and Secrets hold it.
    (
        &["LS0tLS1CRUdJTi"],
        r"(?P<s>LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJVkFURS|BFQyBQUklWQVRF|BPUEVOU1NIIFBSSVZBVEUg|BFTkNSWVBURUQg|BEU0EgUFJJVkFURS)[A-Za-z0-9+/=]*)",
        any,
    ),
    // JSON Web Tokens (RFC 7519), such as those of service accounts.
    (&["eyJ"], r"(?P<s>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)", any),
    // AWS access key ids.
    (&["AKIA", "ASIA"], r"\b(?P<s>(?:AKIA|ASIA)[A-Z0-9]{16})\b", any),
    // Google API keys, OAuth tokens and client secrets.
    (&["AIza"], r"\b(?P<s>AIza[0-9A-Za-z_-]{35})", any),
    (&["ya29.", "GOCSPX-"], r"\b(?P<s>(?:ya29\.|GOCSPX-)[0-9A-Za-z_-]{20,})", any),
    // GitHub, GitLab, npm, Hugging Face.
    (
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "glrt-", "gldt-", "glptt-", "npm_", "hf_"],
        r"\b(?P<s>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|gl(?:pat|rt|dt|ptt)-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,})",
        any,
    ),
    // Slack tokens and webhooks.
    (&["xox", "xapp-"], r"\b(?P<s>xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})", any),
    (&["hooks.slack.com"], r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<s>[A-Za-z0-9/_-]{20,})", any),
    // OpenAI, Anthropic and everybody who writes keys like them.
    (&["sk-"], r"\b(?P<s>sk-[A-Za-z0-9_-]{20,})", generated),
    // Stripe, Vault, SendGrid, DigitalOcean.
    (
        &["sk_", "rk_", "hvs.", "hvb.", "SG.", "dop_v1_"],
        r"\b(?P<s>[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|hv[sb]\.[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{40,})",
        any,
    ),
    // Groq, xAI, Perplexity, Replicate, Stripe's webhooks, PyPI.
    (
        &["gsk_", "xai-", "pplx-", "r8_", "whsec_", "pypi-"],
        r"\b(?P<s>(?:gsk_|xai-|pplx-|r8_|whsec_|pypi-)[A-Za-z0-9_+/=-]{30,})",
        generated,
    ),
    // Grafana, New Relic, Databricks, Shopify, Linear, Atlassian, Doppler.
    (
        &["glsa_", "glc_", "NRAK-", "dapi", "shpat_", "shpss_", "shpca_", "lin_api_", "ATATT3", "dp.pt.", "dp.st."],
        r"\b(?P<s>gl(?:sa|c)_[A-Za-z0-9_=+/]{32,}|NRAK-[A-Z0-9]{27}|dapi[a-f0-9]{32}|shp(?:at|ss|ca)_[a-fA-F0-9]{32}|lin_api_[A-Za-z0-9]{32,}|ATATT3[A-Za-z0-9_=-]{40,}|dp\.(?:pt|st)\.[A-Za-z0-9._-]{30,})",
        any,
    ),
    // age, and bots of Telegram.
    (&["AGE-SECRET-KEY-"], r"\b(?P<s>AGE-SECRET-KEY-1[A-Z0-9]{30,})", any),
    (&[":AA"], r"\b(?P<s>[0-9]{8,10}:AA[A-Za-z0-9_-]{33})", any),
    // Signed addresses: whoever holds one may use it.
    (
        &["sig=", "X-Amz-S", "X-Goog-S"],
        r"[?&](?:sig|X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature)=(?P<s>[A-Za-z0-9%+/_-]{30,}=*)",
        any,
    ),
    // A flag and its value, a blank between: `--password hunter2`, `curl -u user:password`.
    (
        &["--"],
        r#"--(?i:[a-z0-9-]*(?:password|passwd|passphrase|pass|pwd|token|secret|api-key|access-key|secret-key|signing-key|encryption-key))[ \t]+["']?(?P<s>[^\s"']{6,})"#,
        value,
    ),
    (&["curl"], r#"\bcurl\b[^\n]*?[ \t](?:-u|--user)[ \t]*["']?[^\s:"']+:(?P<s>[^\s"']+)"#, password),
    // `auths` of Docker: `user:password` in base64.
    (&["auth"], r#"\bauth\\?["'][ \t]*:[ \t]*\\?["'](?P<s>[A-Za-z0-9+/_-]{6,}={0,2})"#, basic),
    // Packed by gzip, as Helm keeps releases with all their values; also in base64 once more. Nobody can look into it here.
    (&["H4sI", "SDRzS"], r"(?P<s>\bH4sI[A-Za-z0-9+/_-]{60,}={0,2}|\bSDRzS[A-Za-z0-9+/_-]{60,}={0,2})", any),
    // HTTP credentials (RFC 7617, RFC 6750).
    (&["asic ", "ASIC "], r"\b(?i:basic) +(?P<s>[A-Za-z0-9+/_-]{6,}={0,2})", basic),
    (&["earer ", "EARER "], r"\b(?i:bearer) +(?P<s>[A-Za-z0-9._~+/-]{8,}=*)", bearer),
    // Addresses with a password: `scheme://user:password@host`.
    (&["://"], r#"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@'"?#]*:(?P<s>[^\s/@'"?#]+)@"#, password),
    // Go's MySQL: `user:password@tcp(host:3306)/db`.
    (&["@tcp(", "@unix("], r#"\b[A-Za-z0-9_.-]+:(?P<s>[^\s/@'"]+)@(?:tcp|unix)\("#, password),
    // Azure: `AccountKey=…;SharedAccessKey=…`.
    (&["AccountKey=", "AccessKey="], r"\b(?:AccountKey|SharedAccessKey)=(?P<s>[A-Za-z0-9+/]{20,}={0,2})", any),
];

pub(super) static ALL: LazyLock<Vec<Form>> = LazyLock::new(|| {
    FORMS
        .iter()
        .filter_map(|(hints, regex, fits)| Some(Form { hints, regex: Regex::new(regex).ok()?, fits: *fits }))
        .collect()
});

/// `name = value` in text: shell, properties, YAML, JSON (also escaped), connection strings, flags.
pub(super) static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\\?["']?[ \t]*(?P<sign>[:=])[ \t]*(?:\\"(?P<e>(?:[^"\\]|\\[^"])*)\\"|"(?P<d>(?:[^"\\]|\\.)*)"|'(?P<q>[^']*)'|(?P<s>[^\s"',;&{}\[\]<>\\]+))(?P<unit>[ \t]+bytes\b)?(?P<more>[ \t]+[^\s#])?"#,
    )
    .ok()
});

/// A variable in YAML: `name: DB_PASSWORD` and its `value` on the line below.
pub(super) static BELOW: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"name: *["']?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)["']?[ \t]*\r?\n[ \t]*value: *["']?(?P<s>[^\r\n"']+)"#)
        .ok()
});

/// What may be base64 of a text: long enough to hold a secret.
pub(super) static ENCODED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!("[A-Za-z0-9+/_-]{{{SHORTEST},}}={{0,2}}")).ok());

/// Characters of base64 that may hold a secret.
const SHORTEST: usize = 20;

/// Whether there is anything long enough in a text: most lines of a log have no such word.
pub(super) fn may_be_encoded(text: &str) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-');
    text.as_bytes().split(|byte| !part(byte)).any(|word| word.len() >= SHORTEST)
}

/// The text that was encoded; `None` for whatever decodes to none, such as a hash.
pub(super) fn decoded(text: &str) -> Option<String> {
    let bare = text.trim_end_matches('=');
    let engines = [&general_purpose::STANDARD_NO_PAD, &general_purpose::URL_SAFE_NO_PAD];
    let bytes = engines.iter().find_map(|engine| engine.decode(bare).ok())?;
    let text = String::from_utf8(bytes).ok()?;
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).then_some(text)
}

/// Words without which no name says anything.
pub(super) fn may_name(text: &str) -> bool {
    const WORDS: [&[u8]; 8] = [b"pass", b"pwd", b"secret", b"token", b"key", b"cred", b"dsn", b"connection"];
    let bytes = text.as_bytes();
    WORDS.iter().any(|word| bytes.windows(word.len()).any(|here| here.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::{ALL, BELOW, ENCODED, FORMS, PAIR};

    #[test]
    fn every_form_is_an_expression() {
        assert_eq!(ALL.len(), FORMS.len());
        assert!(ALL.iter().all(|form| form.regex.capture_names().any(|name| name == Some("s"))));
        assert!(PAIR.is_some() && BELOW.is_some() && ENCODED.is_some());
    }
}
