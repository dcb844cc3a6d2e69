//! What is taken out as a secret and what is left alone, and that it stays so.

use brink::base::redact::{self, MASK};
use proptest::prelude::*;
use serde_json::{Value, json};

const JWT: &str =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6c2hvcDp3ZWIifQ.c2lnbmF0dXJlLXBhcnQ";
const PEM: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq\nq1w2e3r4t5y6u7i8o9p0\n-----END RSA PRIVATE KEY-----";

/// Values with one secret each, and what must not be left of it.
fn secrets() -> Vec<(&'static str, Value, &'static str)> {
    let env = |name: &str, value: &str| {
        json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [
            {"name": "web", "image": "shop/web:1", "env": [{"name": name, "value": value}]}]}}}})
    };
    let config = |key: &str, value: &str| json!({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {key: value}});
    vec![
        ("data of a Secret", json!({"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}), "aHVudGVyMg"),
        ("stringData of a Secret", json!({"kind": "Secret", "stringData": {"user": "ana-maria"}}), "ana-maria"),
        (
            "a Secret in a list",
            json!({"kind": "List", "items": [{"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}]}),
            "aHVudGVyMg",
        ),
        (
            "the last applied configuration of a Secret",
            json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration":
                "{\"kind\":\"Secret\",\"stringData\":{\"password\":\"hunter2x\"}}\n"}}}),
            "hunter2x",
        ),
        (
            "the last applied configuration of a Deployment",
            json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration":
                "{\"spec\":{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"hunter2x\"}]}}"}}}),
            "hunter2x",
        ),
        ("DB_PASSWORD", env("DB_PASSWORD", "hunter2"), "hunter2"),
        ("a password of digits", env("REDIS_PASS", "12345"), "12345"),
        ("GITHUB_TOKEN", env("GITHUB_TOKEN", "opaque"), "opaque"),
        ("STRIPE_API_KEY", env("STRIPE_API_KEY", "opaque"), "opaque"),
        ("APP_SECRET", env("APP_SECRET", "opaque"), "opaque"),
        ("AWS_SECRET_ACCESS_KEY", env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY"), "wJalr"),
        ("a connection string", env("DATABASE_URL", "postgres://shop:hunter2@db:5432/shop?sslmode=disable"), "hunter2"),
        ("a connection string without user", env("REDIS_URL", "redis://:hunter2@cache:6379/0"), "hunter2"),
        ("a connection string of Go", env("DSN_MAIN", "shop:hunter2@tcp(db:3306)/shop"), "hunter2"),
        ("a connection string of ADO", env("CONN", "Server=db;User Id=sa;Password=hunter2;Encrypt=true"), "hunter2"),
        ("a JDBC address", env("JDBC", "jdbc:postgresql://db/shop?user=shop&password=hunter2"), "hunter2"),
        ("basic auth in an address", env("UPSTREAM", "https://ana:hunter2@example.com/api"), "hunter2"),
        ("a service account's token", env("X", JWT), "c2lnbmF0dXJl"),
        ("a private key", config("tls.key", PEM), "MIIEowIBAAKCAQEA7bq"),
        ("a private key in JSON", config("sa.json", &json!({"private_key": PEM}).to_string()), "MIIEowIBAAKCAQEA7bq"),
        ("a private key in base64", json!({"x": "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFb3c="}), "TUlJRW93"),
        (
            "a kubeconfig",
            json!({"kind": "Config", "users": [{"name": "ana", "user": {"client-key-data": "bm90IGEga2V5"}}]}),
            "bm90IGEga2V5",
        ),
        (
            "a kubeconfig's token",
            json!({"kind": "Config", "users": [{"name": "ana", "user": {"token": "abcdef"}}]}),
            "abcdef",
        ),
        (
            "a kubeconfig in a ConfigMap",
            config("kubeconfig.txt", "users:\n- name: ana\n  user:\n    client-key-data: bm90IGEga2V5Cg==\n"),
            "bm90IGEga2V5",
        ),
        ("an AWS key", json!({"a": "uses AKIAIOSFODNN7EXAMPLE here"}), "AKIAIOSFODNN7"),
        ("a Google key", json!({"a": "AIzaSyA1234567890abcdefghijklmnopqrstuv"}), "AIzaSyA"),
        ("a GitHub token", json!({"a": "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"}), "0123456789abcdef"),
        ("a fine-grained GitHub token", json!({"a": "github_pat_11ABCDEFG0abcdefghijkl_mnop"}), "11ABCDEFG0"),
        ("a Slack token", json!({"a": "xoxb-123456789012-abcdefghij"}), "123456789012"),
        (
            "a Slack webhook",
            json!({"a": "https://hooks.slack.com/services/T000/B000/abcdefghijklmnop"}),
            "abcdefghijklmnop",
        ),
        ("an OpenAI key", json!({"a": "sk-proj-abcDEF1234567890abcDEF12"}), "abcDEF1234567890"),
        ("an Anthropic key", json!({"a": "sk-ant-api03-abcDEF1234567890_x"}), "abcDEF1234567890"),
        ("a Vault token", json!({"a": "hvs.CAESIabcdefghijklmnop1234"}), "CAESIabcdef"),
        (
            "an Azure account key",
            json!({"a": "AccountName=x;AccountKey=abcdefghijklmnopqrstuvwxyz0123456789AB=="}),
            "abcdefghijklmn",
        ),
        ("a bearer header", json!({"headers": {"authorization": "Bearer abc123def456"}}), "abc123def456"),
        ("a header a route matches", json!({"match": [{"headers": {"x-api-key": {"exact": "abc123"}}}]}), "abc123"),
        (
            "a header a route sets",
            json!({"set": [{"name": "Authorization", "value": "Basic YW5hOmh1bnRlcjI="}]}),
            "YW5hOmh1bnRlcjI",
        ),
        ("a flag", json!({"args": ["--password=hunter2", "--v=2"]}), "hunter2"),
        ("a flag and its value", json!({"args": ["--db-password", "hunter2", "--v", "2"]}), "hunter2"),
        ("a shell command", json!({"command": ["sh", "-c", "export DB_PASSWORD=hunter2 && exec web"]}), "hunter2"),
        ("a variable of a ConfigMap", config("DB_PASSWORD", "hunter2"), "hunter2"),
        (
            "a file of a ConfigMap",
            config("application.yaml", "spring:\n  datasource:\n    password: hunter2\n"),
            "hunter2",
        ),
        ("properties in a ConfigMap", config("app.properties", "a=b\ndb.password=hunter2\n"), "hunter2"),
        ("a field", json!({"spec": {"clientSecret": "opaque"}}), "opaque"),
        ("a password field of digits", json!({"spec": {"password": 12345}}), "12345"),
        (
            "the same secret elsewhere",
            json!({"env": [{"name": "A_TOKEN", "value": "abcd1234efgh"}], "args": ["run abcd1234efgh"]}),
            "abcd1234efgh",
        ),
    ]
}

/// Texts with one secret each.
const LINES: [(&str, &str); 14] = [
    ("2026-01-01T00:00:00Z INFO connecting to postgres://shop:hunter2@db:5432", "hunter2"),
    ("level=debug msg=login user=ana password=hunter2 from=10.0.0.1", "hunter2"),
    (r#"{"level":"debug","user":"ana","password":"hunter2"}"#, "hunter2"),
    (r#"request body: {\"user\":\"ana\",\"password\":\"hunter2\"}"#, "hunter2"),
    ("GET /cb?code=1&access_token=abc123def&state=x HTTP/1.1", "abc123def"),
    ("> Authorization: Bearer abc.def-123456", "abc.def-123456"),
    ("> authorization: Basic YW5hOmh1bnRlcjI=", "YW5hOmh1bnRlcjI"),
    ("    DB_PASSWORD:  hunter2", "hunter2"),
    ("    API_TOKEN:    opaque", "opaque"),
    ("- name: DB_PASSWORD\n  value: hunter2\n", "hunter2"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY", "wJalr"),
    ("apiKey: 'abc def'", "abc def"),
    ("key: AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("mounted sk-ant-api03-abcDEF1234567890_x for the agent", "abcDEF1234567890"),
];

/// What looks like a secret and is none.
fn harmless() -> Vec<Value> {
    vec![
        json!({"image": "registry.example.com:5000/shop/web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}),
        json!({"image": "docker-pullable://registry:5000/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}),
        json!({"metadata": {"uid": "2f1b8c1e-7b0a-4c9f-9d57-0c1a7c5f0d11", "resourceVersion": "184467440", "generation": 3}}),
        json!({"metadata": {"labels": {"pod-template-hash": "7d4b9c6f5d", "controller-revision-hash": "web-6b8f9c7d5"}}}),
        json!({"metadata": {"annotations": {"checksum/secret": "9f86d081884c7d659a2feaa0c55ad015", "checksum/config": "ab12"}}}),
        json!({"metadata": {"name": "sk-frontend-deployment-7d4b9c6f5d-x2k4z"}}),
        json!({"spec": {"automountServiceAccountToken": true, "serviceAccountName": "web"}}),
        json!({"volumes": [{"name": "tls", "secret": {"secretName": "web-tls", "items": [{"key": "password", "path": "pw"}]}}]}),
        json!({"volumes": [{"projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]}}]}),
        json!({"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]}),
        json!({"env": [{"name": "DB_PASSWORD_FILE", "value": "/run/secrets/db"}, {"name": "TOKEN_PATH", "value": "/var/run/token"}]}),
        json!({"env": [{"name": "DB_PASSWORD", "value": "$(FROM_ELSEWHERE)"}]}),
        json!({"env": [{"name": "MAX_TOKENS", "value": "4096"}, {"name": "TOKEN_TTL", "value": "3600"}, {"name": "TOKEN_LIMIT_X", "value": "9"}]}),
        json!({"env": [{"name": "SECRET_NAME", "value": "web-tls"}, {"name": "KEYCLOAK_URL", "value": "https://id.example.com/auth"}]}),
        json!({"env": [{"name": "VAULT_SECRET", "value": "vault:secret/data/db#password"}]}),
        json!({"imagePullSecrets": [{"name": "regcred"}], "secrets": [{"name": "web-token-abcde"}]}),
        json!({"spec": {"tls": {"credentialName": "web-tls", "mode": "SIMPLE"}, "tokenReview": {"audience": "x"}}}),
        json!({"kind": "ModelConfig", "spec": {"apiKeySecret": "kagent-openai", "apiKeySecretKey": "OPENAI_API_KEY", "model": "gpt-4.1-mini"}}),
        json!({"kind": "ConfigMap", "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\nMIIDBTCCAe2gAwIBAgIIA\n-----END CERTIFICATE-----\n"}}),
        json!({"webhooks": [{"clientConfig": {"caBundle": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM="}}]}),
        json!({"status": {"podIP": "10.0.0.7", "containerID": "containerd://5d41402abc4b2a76b9719d911017c592"}}),
        json!({"spec": {"hosts": ["reviews"], "http": [{"match": [{"uri": {"prefix": "/token"}}], "route": [{"destination": {"host": "reviews"}}]}]}}),
        json!({"tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]}),
        json!({"spec": {"ports": [{"name": "http-token", "port": 8080}], "clusterIP": "10.96.0.1"}}),
        json!({"rules": [{"apiGroups": [""], "resources": ["secrets", "serviceaccounts/token"], "verbs": ["get"]}]}),
        json!({"message": "secret \"db-password\" not found", "reason": "FailedMount"}),
        json!({"message": "http://web:8080/a@b and mailto:ana@example.com"}),
        json!({"args": ["--token-ttl=15m", "--secret-name", "web-tls", "--tls-private-key-file=/etc/tls/tls.key"]}),
    ]
}

/// Lines that are left alone.
const PROSE: [&str; 12] = [
    "2026-01-01T00:00:00.123456789Z stdout F GET /reviews/0 200 12ms",
    "invalid token: signature is wrong",
    "token: expired",
    "error: the secret key is missing",
    "Tokens:              web-token-abcde",
    "Mountable secrets:   <none>",
    "password:  16 bytes",
    "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
    "Basic authentication and bearer tokens are supported",
    "Container ID:  containerd://5d41402abc4b2a76b9719d911017c592",
    "tracing_id=0af7651916cd43dd8448eb211c80319c span=b7ad6b7169203331",
    "listening on http://0.0.0.0:8080, admin at localhost:15000",
];

#[test]
fn every_secret_of_the_corpus_is_taken_out_and_nothing_else_is() {
    let (mut hits, mut misses) = (0, Vec::new());
    for (what, value, secret) in secrets() {
        let redacted = redact::value(&value);
        let text = redacted.value.to_string();
        if text.contains(secret) || redacted.masked.is_empty() || !text.contains(MASK) {
            misses.push(format!("{what}: {text}"));
        } else {
            hits += 1;
        }
        for pointer in &redacted.masked {
            assert_ne!(value.pointer(pointer), redacted.value.pointer(pointer), "{what}: {pointer}");
        }
    }
    for (line, secret) in LINES {
        let text = redact::text(line);
        if text.contains(secret) || !text.contains(MASK) { misses.push(text.into_owned()) } else { hits += 1 }
    }
    let (mut quiet, mut alarms) = (0, Vec::new());
    for value in harmless() {
        let redacted = redact::value(&value);
        if redacted.value == value && redacted.masked.is_empty() {
            quiet += 1;
        } else {
            alarms.push(redacted.value.to_string());
        }
    }
    for line in PROSE {
        let text = redact::text(line);
        if text == line { quiet += 1 } else { alarms.push(text.into_owned()) }
    }
    println!("{hits} secrets taken out, {quiet} texts left alone");
    assert!(misses.is_empty(), "left in:\n{}", misses.join("\n"));
    assert!(alarms.is_empty(), "false alarms:\n{}", alarms.join("\n"));
}

#[test]
fn the_rest_of_what_held_a_secret_stays_readable() {
    let object = json!({"env": [{"name": "DATABASE_URL", "value": "postgres://shop:hunter2@db:5432/shop"}]});
    assert_eq!(
        redact::value(&object).value,
        json!({"env": [{"name": "DATABASE_URL", "value": "postgres://shop:(masked)@db:5432/shop"}]})
    );
    assert_eq!(redact::value(&object).masked, ["/env/0/value"]);
    assert_eq!(redact::text("> Authorization: Bearer abc.def-123456"), "> Authorization: Bearer (masked)");
}

#[test]
fn two_states_still_show_where_they_differ() {
    let state = |password: &str, token: &str| json!({"env": [{"name": "DB_PASSWORD", "value": password}, {"name": "A_TOKEN", "value": token}]});
    let (before, after) = (state("hunter2", "abc"), state("hunter3", "abc"));
    let (old, new) = redact::pair(Some(&before), Some(&after));
    let (old, new) = (old.unwrap(), new.unwrap());
    assert_eq!(old["env"][1], new["env"][1]);
    assert_ne!(old["env"][0], new["env"][0]);
    let (text, other) = (old.to_string(), new.to_string());
    assert!(!text.contains("hunter") && !other.contains("hunter") && !text.contains("\"abc\""), "{text} {other}");
    // One secret needs no number.
    let (one, none) = redact::pair(Some(&json!({"password": "hunter2"})), None);
    assert_eq!((one, none), (Some(json!({"password": MASK})), None));
}

#[test]
fn what_was_redacted_is_told_from_what_was_not() {
    assert!(redact::holds_mask(&json!({"a": ["x (masked)"]})));
    assert!(redact::holds_mask(&json!({"a": "redis://u:(masked-2)@h"})));
    assert!(!redact::holds_mask(&json!({"a": "(masked) ball".replace("(masked)", "(masked")})));
}

/// A secret no rule could know by its form.
fn opaque() -> impl Strategy<Value = String> {
    "[a-z]{4}[0-9]{4}[A-Za-z0-9]{4,20}"
}

/// Texts that may hold anything, also pieces of secrets, quotes and masks.
fn anything() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        Just("password".to_owned()),
        Just("=".to_owned()),
        Just(": ".to_owned()),
        Just("\"".to_owned()),
        Just("(masked)".to_owned()),
        Just("(masked-2)".to_owned()),
        Just("Bearer ".to_owned()),
        Just("://u:".to_owned()),
        Just("@h".to_owned()),
        Just("\n".to_owned()),
        Just(JWT.to_owned()),
        Just("AKIAIOSFODNN7EXAMPLE".to_owned()),
        Just("AIzaSyA1234567890abcdefghijklmnopqrstuv".to_owned()),
        Just("{\"token\":\"x\"}".to_owned()),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        anything().prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("name"),
        Just("value"),
        Just("kind"),
        Just("data"),
        Just("password"),
        Just("x-api-key"),
        Just("exact"),
        Just("spec"),
        Just("a/b~c"),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone().prop_map(str::to_owned), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

#[test]
fn what_a_mask_makes_of_its_surroundings_is_seen_the_first_time() {
    const GOOGLE: &str = "AIzaSyA1234567890abcdefghijklmnopqrstuv";
    for value in [
        // Without its scheme an address is no address any more.
        json!({"password": ["password://u:"]}),
        // Without the key before it a name is a name.
        json!({"name": format!("{GOOGLE}password"), "value": 0}),
        json!({"args": [format!("-{GOOGLE}password"), "hunter2"]}),
    ] {
        let once = redact::value(&value).value;
        assert_eq!(redact::value(&once).value, once, "{value}");
    }
}

proptest! {
    #[test]
    fn redacting_twice_is_redacting_once(value in any_value(), text in anything()) {
        let once = redact::value(&value);
        let twice = redact::value(&once.value);
        prop_assert_eq!(&twice.value, &once.value);
        prop_assert!(twice.masked.is_empty(), "{:?}", twice.masked);
        for pointer in &once.masked {
            prop_assert!(once.value.pointer(pointer).is_some(), "{}", pointer);
        }
        let once = redact::text(&text).into_owned();
        prop_assert_eq!(redact::text(&once), once.as_str());
    }

    #[test]
    fn a_masked_value_is_nowhere_in_what_comes_out(secret in opaque(), around in any_value(), deep in 0..3) {
        let mut value = json!({
            "kind": "Deployment",
            "spec": {"env": [{"name": "DB_PASSWORD", "value": secret}], "args": [format!("--dsn=postgres://u:{secret}@h/d"), format!("say {secret} twice {secret}")]},
            "note": {"any": around, "text": format!("it is {secret}")},
        });
        for _ in 0..deep {
            // As annotations and Helm keep objects: JSON in a text.
            value = json!({"annotations": {"last-applied": value.to_string()}});
        }
        let redacted = redact::value(&value);
        prop_assert!(!redacted.value.to_string().contains(&secret), "{}", redacted.value);
        let text = redact::text(&format!("DB_PASSWORD={secret}\nand again {secret}")).into_owned();
        prop_assert!(!text.contains(&secret), "{}", text);
    }
}
