//! Secrets of every kind in every place they are seen in, and what only looks like one: counted, with no miss and no false
//! alarm. Every secret is made up, and put together here, so that no scanner takes it for somebody's.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use brink::{agent::fence, base::redact};
use serde_json::{Value, json};

const ALNUM: &str = "q7Zx2Lk9Vb4Nm8Rt6Yp3Wd5Hs1Jc0FgKuTzAoEiXvBnMlQwErTy";
const HEX: &str = "9f3c1d7ae2b84056f1c2d3e4a5b697880d1e2f3a4b5c6d7e8f90a1b2c3d4e5f6";
const DIGITS: &str = "482915736048291573604829";
const CAPITALS: &str = "Q7ZX2LK9VB4NM8RT6YP3WD5HS1JC0FGK";

/// What a secret is, and the secret.
fn forms() -> Vec<(&'static str, String)> {
    let of = |head: &str, from: &str, count: usize| format!("{head}{}", &from[..count]);
    let jwt = {
        let part = |text: &str| STANDARD.encode(text).replace(['=', '+', '/'], "");
        format!(
            "{}.{}.{}",
            part("{\"alg\":\"RS256\",\"kid\":\"k\"}"),
            part("{\"sub\":\"system:serviceaccount:shop:web\"}"),
            &ALNUM[..40]
        )
    };
    let pem = |kind: &str| {
        format!("-----BEGIN {kind}PRIVATE KEY-----\n{}\n{}\n-----END {kind}PRIVATE KEY-----", &ALNUM[..40], &HEX[..40])
    };
    vec![
        ("a service account's token", jwt),
        ("an RSA key", pem("RSA ")),
        ("an EC key", pem("EC ")),
        ("a PKCS 8 key", pem("")),
        ("an OpenSSH key", pem("OPENSSH ")),
        ("an encrypted key", pem("ENCRYPTED ")),
        ("an AWS access key id", of("AKIA", CAPITALS, 16)),
        ("an AWS session key id", of("ASIA", CAPITALS, 16)),
        ("a Google API key", of("AIza", ALNUM, 35)),
        ("a Google OAuth token", of("ya29.", ALNUM, 40)),
        ("a Google client secret", of("GOCSPX-", ALNUM, 28)),
        ("a GitHub token", of("ghp_", ALNUM, 36)),
        ("a GitHub app token", of("ghs_", ALNUM, 36)),
        ("a GitHub fine-grained token", of("github_pat_", ALNUM, 40)),
        ("a GitLab token", of("glpat-", ALNUM, 20)),
        ("a GitLab runner token", of("glrt-", ALNUM, 20)),
        ("an npm token", of("npm_", ALNUM, 36)),
        ("a PyPI token", of("pypi-AgEIcHlwaS5vcmc", ALNUM, 45)),
        ("a Hugging Face token", of("hf_", ALNUM, 34)),
        ("a Slack bot token", format!("xoxb-{}-{}", &DIGITS[..12], &ALNUM[..24])),
        ("a Slack app token", format!("xapp-1-{}-{}", &CAPITALS[..11], &HEX[..32])),
        ("an OpenAI key", of("sk-proj-", ALNUM, 40)),
        ("an Anthropic key", format!("sk-ant-api03-{}", &ALNUM[..48])),
        ("a Groq key", of("gsk_", ALNUM, 48)),
        ("an xAI key", of("xai-", ALNUM, 48)),
        ("a Perplexity key", of("pplx-", ALNUM, 48)),
        ("a Replicate key", of("r8_", ALNUM, 37)),
        ("a Stripe key", format!("sk_{}_{}", "live", &ALNUM[..24])),
        ("a Stripe restricted key", format!("rk_{}_{}", "test", &ALNUM[..24])),
        ("a Stripe webhook secret", of("whsec_", ALNUM, 32)),
        ("a Vault token", of("hvs.", ALNUM, 30)),
        ("a SendGrid key", format!("SG.{}.{}", &ALNUM[..22], &ALNUM[5..48])),
        ("a DigitalOcean token", of("dop_v1_", HEX, 64)),
        ("a Grafana token", format!("glsa_{}_{}", &ALNUM[..32], &HEX[..8])),
        ("a New Relic key", of("NRAK-", CAPITALS, 27)),
        ("a Databricks token", of("dapi", HEX, 32)),
        ("a Shopify token", of("shpat_", HEX, 32)),
        ("a Linear key", of("lin_api_", ALNUM, 40)),
        ("an Atlassian token", of("ATATT3xFfGF0", ALNUM, 50)),
        ("an age key", of("AGE-SECRET-KEY-1", CAPITALS, 30)),
        ("a Telegram bot token", format!("{}:AA{}", &DIGITS[..10], &ALNUM[..33])),
        ("a Doppler token", of("dp.pt.", ALNUM, 43)),
        ("a connection string of Postgres", format!("postgres://shop:{}@db:5432/shop", &ALNUM[..14])),
        ("a connection string of MongoDB", format!("mongodb+srv://shop:{}@c.example.net/shop", &ALNUM[..14])),
        ("a connection string of Redis", format!("redis://:{}@cache:6379/0", &ALNUM[..14])),
        ("a connection string of AMQP", format!("amqps://shop:{}@mq:5671/", &ALNUM[..14])),
        ("a connection string of Go's MySQL", format!("shop:{}@tcp(db:3306)/shop", &ALNUM[..14])),
        ("basic auth in an address", format!("https://ana:{}@example.com/api", &ALNUM[..14])),
        ("an Azure storage key", format!("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==", &ALNUM[..44])),
        ("an Azure signature", format!("https://a.blob.example.net/c?sv=2024-01-01&sig={}%3D", &ALNUM[..43])),
        ("an AWS signature", format!("https://b.s3.example.com/k?X-Amz-Signature={HEX}")),
        (
            "a Slack webhook",
            format!("https://hooks.slack.com/services/T{}/B{}/{}", &CAPITALS[..8], &CAPITALS[3..11], &ALNUM[..24]),
        ),
    ]
}

/// The piece of a secret that must not be left of it.
fn core(secret: &str) -> String {
    let at = [&ALNUM[..14], &ALNUM[5..16], &HEX[..16], &CAPITALS[..11]];
    at.iter().find(|piece| secret.contains(**piece)).map_or_else(|| secret.to_owned(), |piece| (*piece).to_owned())
}

/// Where a secret is seen: as text of a log or a description, or as a value of an object.
fn carried(secret: &str) -> Vec<(&'static str, String)> {
    let escaped = json!(secret).to_string();
    let escaped = escaped.trim_matches('"');
    let as_object = |value: &Value| fence::value("get", value);
    vec![
        (
            "a log line",
            fence::text("logs", &format!("2026-11-28T12:00:00Z INFO starting with {secret} as it was given")),
        ),
        ("a log in JSON", fence::text("logs", &format!("{{\"level\":\"info\",\"msg\":\"using {escaped}\",\"n\":1}}"))),
        ("a quoted word", fence::text("logs", &format!("value='{secret}' accepted"))),
        ("a field of logfmt", fence::text("logs", &format!("ts=1 given={secret} ok=true"))),
        (
            "an annotation",
            as_object(
                &json!({"kind": "Pod", "metadata": {"name": "a", "annotations": {"note": format!("see {secret}")}}}),
            ),
        ),
        (
            "a variable with a harmless name",
            as_object(
                &json!({"kind": "Pod", "spec": {"containers": [{"env": [{"name": "SETTING", "value": secret}]}]}}),
            ),
        ),
        ("an argument", as_object(&json!({"kind": "Pod", "spec": {"containers": [{"args": ["serve", secret]}]}}))),
        (
            "a ConfigMap",
            as_object(&json!({"kind": "ConfigMap", "data": {"app.conf": format!("a: 1\nb: {secret}\nc: 2\n")}})),
        ),
        (
            "the message of a condition",
            as_object(&json!({"status": {"conditions": [{"message": format!("cannot use {secret}")}]}})),
        ),
        (
            "the last applied configuration",
            as_object(&json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration":
                json!({"spec": {"x": secret}}).to_string()}}})),
        ),
        (
            "a Secret",
            as_object(&json!({"kind": "Secret", "data": {"a": STANDARD.encode(secret)}, "stringData": {"b": secret}})),
        ),
        ("base64 in a log", fence::text("logs", &format!("payload {} received", STANDARD.encode(secret)))),
        ("base64 in a ConfigMap", as_object(&json!({"kind": "ConfigMap", "data": {"blob": STANDARD.encode(secret)}}))),
        (
            "base64 of base64",
            as_object(&json!({"kind": "ConfigMap", "data": {"blob": STANDARD.encode(STANDARD.encode(secret))}})),
        ),
        ("the words of a refusal", fence::refusal(&format!("admission webhook denied it: {secret} is not allowed"))),
    ]
}

/// Opaque secrets, known by what stands beside them alone: a text and what must not be left.
fn placed() -> Vec<(&'static str, String, String)> {
    let opaque = &ALNUM[..22];
    let basic = STANDARD.encode(format!("ana:{opaque}"));
    let docker = json!({"auths": {"registry.example.com": {"auth": basic}}}).to_string();
    let release = format!("H4sIAAAAAAAC/{ALNUM}{ALNUM}");
    let text = |text: String| fence::text("logs", &text);
    let object = |value: Value| fence::value("get", &value);
    let mut all = Vec::new();
    for name in [
        "DB_PASSWORD",
        "POSTGRES_PASSWORD",
        "MYSQL_ROOT_PASSWORD",
        "REDIS_PASS",
        "SMTP_PASSWD",
        "API_KEY",
        "STRIPE_API_KEY",
        "APP_SECRET",
        "JWT_SIGNING_KEY",
        "SESSION_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "GITHUB_TOKEN",
        "NPM_TOKEN",
        "VAULT_TOKEN",
        "ENCRYPTION_KEY",
        "OAUTH_CLIENT_SECRET",
        "SENTRY_DSN_SECRET",
        "KEYSTORE_PASSPHRASE",
        "ADMIN_PWD",
        "DD_API_KEY",
        "WEBHOOK_SECRET",
    ] {
        let lower = name.to_lowercase().replace('_', "-");
        all.push((
            "a variable by its name",
            object(json!({"env": [{"name": name, "value": opaque}]})),
            opaque.to_owned(),
        ));
        all.push(("a line of a shell", text(format!("export {name}={opaque}")), opaque.to_owned()));
        all.push((
            "a line of a file",
            object(json!({"kind": "ConfigMap", "data": {".env": format!("A=1\n{name}={opaque}\n")}})),
            opaque.to_owned(),
        ));
        all.push((
            "a key of a ConfigMap",
            object(json!({"kind": "ConfigMap", "data": {name: opaque}})),
            opaque.to_owned(),
        ));
        all.push(("a flag", text(format!("running: server --{lower} {opaque} --port 80")), opaque.to_owned()));
        all.push(("a flag with a sign", object(json!({"args": [format!("--{lower}={opaque}")]})), opaque.to_owned()));
    }
    all.extend([
        ("HTTP basic", text(format!("authorization: Basic {basic}")), basic.clone()),
        ("HTTP bearer", text(format!("> Authorization: Bearer {opaque}")), opaque.to_owned()),
        ("a header of its own", text(format!("x-api-key: {opaque}")), opaque.to_owned()),
        ("a cookie", object(json!({"headers": [{"name": "cookie", "value": format!("session={opaque}")}]})), opaque.to_owned()),
        ("curl", text(format!("curl -u ana:{opaque} https://example.com/")), opaque.to_owned()),
        ("kubeadm", text(format!("kubeadm join 10.0.0.1:6443 --token abcdef.{} --discovery", &HEX[..16])), HEX[..16].to_owned()),
        ("docker config", object(json!({"kind": "ConfigMap", "data": {"config.json": docker}})), basic.clone()),
        ("docker config in a log", text(format!("wrote {docker} to disk")), basic.clone()),
        ("docker config as an object", object(json!({"auths": {"r": {"auth": basic, "email": "a@example.com"}}})), basic.clone()),
        ("docker config in base64", text(format!("blob {}", STANDARD.encode(&docker))), STANDARD.encode(&docker)),
        ("a Secret of docker", object(json!({"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": STANDARD.encode(&docker)}})), STANDARD.encode(&docker)),
        ("a Helm release in a Secret", object(json!({"kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": STANDARD.encode(&release)}})), STANDARD.encode(&release)),
        ("a Helm release in a ConfigMap", object(json!({"kind": "ConfigMap", "metadata": {"labels": {"owner": "helm"}}, "data": {"release": release}})), ALNUM.to_owned()),
        ("a Helm release in a log", text(format!("release {}", STANDARD.encode(&release))), STANDARD.encode(&release)),
        ("a kubeconfig's token", object(json!({"kind": "Config", "users": [{"name": "a", "user": {"token": opaque}}]})), opaque.to_owned()),
        ("a kubeconfig's key", object(json!({"kind": "ConfigMap", "data": {"config": format!("users:\n- user:\n    client-key-data: {opaque}\n")}})), opaque.to_owned()),
        ("a kubeconfig's password", object(json!({"kind": "ConfigMap", "data": {"config": format!("users:\n- user:\n    username: a\n    password: {opaque}\n")}})), opaque.to_owned()),
        ("a kubeconfig in base64", text(format!("data: {}", STANDARD.encode(format!("apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: {opaque}\n")))), STANDARD.encode(opaque)[4..20].to_owned()),
        ("an ADO string", text(format!("Server=db;User Id=sa;Password={opaque};Encrypt=true")), opaque.to_owned()),
        ("a JDBC address", text(format!("jdbc:postgresql://db/shop?user=a&password={opaque}")), opaque.to_owned()),
        ("a token in a query", text(format!("GET /cb?access_token={opaque}&x=1 HTTP/1.1")), opaque.to_owned()),
        ("an OIDC answer", text(format!("{{\"access_token\":\"{opaque}\",\"refresh_token\":\"{opaque}\",\"expires_in\":60}}")), opaque.to_owned()),
    ]);
    all
}

/// What must stay as it is.
fn harmless() -> Vec<String> {
    let mut all: Vec<String> = [
        "image: registry.example.com/shop/web@sha256:{HEX}",
        "imageID: docker-pullable://registry.example.com/shop/web@sha256:{HEX}",
        "containerID: containerd://{HEX}",
        "uid: 6f1c0c2e-6b1e-4c0a-9d7e-0123456789ab",
        "resourceVersion: \"482915736\"",
        "pod-template-hash: 7d9f8c6b54",
        "name: web-7d9f8c6b54-x2k9q",
        "controller-revision-hash: web-5b6975f6c7",
        "checksum/config: {HEX}",
        "commit 9f3c1d7ae2b84056f1c2d3e4a5b697880d1e2f3a",
        "traceparent: 00-9f3c1d7ae2b84056f1c2d3e4a5b69788-9f3c1d7ae2b84056-01",
        "x-request-id: 6f1c0c2e-6b1e-4c0a-9d7e-0123456789ab",
        "etag: \"9f3c1d7ae2b84056\"",
        "secretName: db-credentials",
        "secretKeyRef: {name: db, key: password}",
        "serviceAccountName: web",
        "tokenReview is allowed",
        "the token is expired",
        "invalid token: signature is wrong",
        "error: password is required",
        "max_tokens: 4096",
        "key: app.kubernetes.io/name",
        "topologyKey: kubernetes.io/hostname",
        "sk-learn-pipeline-service-deployment",
        "sk-e2e-test-suite-runner",
        "service/ghp-exporter",
        "npm_config_loglevel=warn",
        "http://10.0.0.1:8080/path@here",
        "ana@example.com wrote to team@example.com",
        "git@github.com:shop/web.git",
        "https://example.com/a?sign=up&signal=9",
        "12:30:45@node-1",
        "outbound|8080||reviews.shop.svc.cluster.local",
        "Basic checks passed",
        "Bearer of bad news",
        "token bucket refilled at 10 rps",
        "password policy: length >= 12",
        "certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJkakNDQVIyZ0F3SUJBZ0lCQURBS0JnZ3Foa2pPUFFRREFqQWpNU0V3SHdZRFZRUUREQmhyTTNNdGMyVnlkbVZ5",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2v8Q3n5m7k9d1f0g2h4j6l8z0x9c8v7b6n5m4q3w2e ana",
        "SHA256:q7Zx2Lk9Vb4Nm8Rt6Yp3Wd5Hs1Jc0FgKuTzAoEiXvBn",
        "goroutine 1 [running]: main.main() /src/main.go:42 +0x1d7",
        "AKIA is how a key id of AWS begins",
        "0xdeadbeefcafebabe0123456789abcdef",
        "kubectl get secret db -n shop",
        "mounted /var/run/secrets/kubernetes.io/serviceaccount/token",
        "--tls-private-key-file=/etc/tls/tls.key",
        "--service-account-key-file /etc/kubernetes/pki/sa.pub",
        "--token-ttl 24h --authentication-token-webhook-cache-ttl 2m",
        "curl -u is short for --user",
        "auth: required",
        "dp.pt is a file",
        "dapil and dapibus",
    ]
    .iter()
    .map(|line| line.replace("{HEX}", HEX))
    .collect();
    for words in
        ["nothing of this is secret, it is only words", "{\"replicas\":3,\"image\":\"shop/web:1\",\"ready\":true}"]
    {
        all.push(format!("payload {}", STANDARD.encode(words)));
    }
    // Hashes and ids of every length, alone.
    all.extend((6..HEX.len()).step_by(2).map(|count| format!("id {} seen", &HEX[..count])));
    all
}

#[test]
fn no_secret_of_the_corpus_is_missed_and_nothing_harmless_is_masked() {
    let (mut found, mut missed) = (0, Vec::new());
    for (what, secret) in forms() {
        for (place, told) in carried(&secret) {
            let (core, encoded) = (core(&secret), STANDARD.encode(&secret));
            let middle = &encoded[encoded.len() / 3..encoded.len() / 3 + 12];
            if told.contains(&core) || place.starts_with("base64 in") && told.contains(middle) {
                missed.push(format!("{what} in {place}: {told}"));
            } else {
                found += 1;
            }
        }
    }
    for (what, told, core) in placed() {
        if told.contains(&core) { missed.push(format!("{what}: {told}")) } else { found += 1 }
    }
    let mut alarms = Vec::new();
    let harmless = harmless();
    for line in &harmless {
        let left = redact::text(line);
        if left != *line {
            alarms.push(format!("{line} -> {left}"));
        }
    }
    println!(
        "{} secrets: {found} taken out, {} missed; {} harmless: {} masked",
        found + missed.len(),
        missed.len(),
        harmless.len(),
        alarms.len()
    );
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
    assert!(alarms.is_empty(), "{} false alarms:\n{}", alarms.len(), alarms.join("\n"));
}
