//! The client of Prometheus against a server on loopback that says what each test wants to hear.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use brink::mesh::{
    alerts::Alerts,
    io::{
        alerts,
        endpoint::Endpoint,
        metrics::Metrics,
        prometheus::{Prometheus, PrometheusError},
        sampler::{self, Demand, Reading, Sampler, run},
    },
    signals::{
        MetricSource,
        promql::Interest,
        sample::{BadAnswer, EdgeLabels},
    },
    wanted::{Access, Wanted, headers},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::loopback::{
    authority::Authority,
    server::{Reply, Seen, Server as LoopbackServer},
};

/// What the server does with one question.
#[derive(Clone)]
enum Say {
    /// Status line and body.
    This(u16, String),
    /// Half of a body, then the end of the connection.
    Cut,
    /// Half of a body, then nothing, as of a server that takes too long.
    Slow,
    /// Nothing, ever.
    Nothing,
}

struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
}

/// Serves until the test's runtime ends. `say` is given the whole head and body of a request.
async fn serve(say: impl Fn(&str) -> Say + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (say, asked) = (Arc::new(say), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&say), Arc::clone(&count)));
        }
    });
    Server { url: format!("http://{address}"), asked }
}

async fn converse(mut stream: TcpStream, say: Arc<impl Fn(&str) -> Say>, asked: Arc<AtomicUsize>) {
    let mut request = Vec::new();
    loop {
        let mut chunk = [0u8; 4096];
        let Ok(read @ 1..) = stream.read(&mut chunk).await else { return };
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
            .map_or(0, |length| length.trim().parse::<usize>().unwrap());
        if body.len() < length {
            continue;
        }
        asked.fetch_add(1, Ordering::SeqCst);
        let answer = match say(&text) {
            Say::This(status, body) => {
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
            }
            Say::Cut => "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"status\":".to_owned(),
            Say::Slow => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"status\":\"success\",";
                let _ = stream.write_all(head.as_bytes()).await;
                while !matches!(stream.read(&mut chunk).await, Ok(0) | Err(_)) {}
                return;
            }
            Say::Nothing => {
                // Until the client hangs up.
                while !matches!(stream.read(&mut chunk).await, Ok(0) | Err(_)) {}
                return;
            }
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        return;
    }
}

const SOON: Duration = Duration::from_secs(5);

fn metrics(url: &str) -> Metrics {
    Metrics::new(Wanted::at(url), None, SOON)
}

fn client(url: &str, timeout: Duration) -> Prometheus {
    Prometheus::new(Endpoint::parse(url).unwrap(), timeout).unwrap()
}

async fn ask(say: Say) -> PrometheusError {
    let server = serve(move |_| say.clone()).await;
    let error = client(&server.url, Duration::from_millis(400)).instant::<EdgeLabels>("up").await.unwrap_err();
    assert!(error.to_string().contains(&server.url), "it names the source: {error}");
    assert!(!error.fix().is_empty());
    error
}

#[tokio::test]
async fn a_web_page_is_called_one() {
    let error = ask(Say::This(200, "<!DOCTYPE html><html><title>Sign in</title></html>".to_owned())).await;
    assert!(matches!(error, PrometheusError::Answer { answer: BadAnswer::Html, .. }), "{error:?}");
    assert!(error.to_string().contains("a web page came back"), "{error}");
    assert!(error.fix().contains("login page"), "{}", error.fix());
}

#[tokio::test]
async fn failures_are_told_in_the_servers_words() {
    let body = r#"{"status":"error","errorType":"timeout","error":"query timed out \u001b[31m"}"#;
    let error = ask(Say::This(503, body.to_owned())).await;
    assert!(matches!(error, PrometheusError::Status { status: 503, .. }), "{error:?}");
    assert!(error.to_string().ends_with("answered 503: timeout: query timed out "), "{error:?}");
    let error = ask(Say::This(500, "<html>oops</html>".to_owned())).await;
    assert!(error.to_string().ends_with("answered 500: Internal Server Error"), "{error}");
    let error = ask(Say::This(401, String::new())).await;
    assert!(error.fix().contains("credentials"), "{}", error.fix());
    let error = ask(Say::This(404, "404 page not found".to_owned())).await;
    assert!(error.fix().contains("path"), "{}", error.fix());
}

#[tokio::test]
async fn odd_answers_are_refused() {
    for body in ["", "null", r#"{"status":"success"}"#, r#"{"status":"success","data":{"result":"x"}}"#, "up 1"] {
        let error = ask(Say::This(200, body.to_owned())).await;
        assert!(matches!(error, PrometheusError::Answer { answer: BadAnswer::Shape(_), .. }), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn cut_silent_and_absent_servers_are_told_apart() {
    let error = ask(Say::Cut).await;
    assert!(matches!(error, PrometheusError::Unreachable { .. }), "{error:?}");
    let error = ask(Say::Nothing).await;
    assert!(matches!(error, PrometheusError::TimedOut { .. }), "{error:?}");
    let error = ask(Say::Slow).await;
    assert!(matches!(error, PrometheusError::TimedOut { .. }), "{error:?}");
    assert!(error.fix().contains("-n NAMESPACE"), "{}", error.fix());
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error =
        client(&format!("http://{gone}"), Duration::from_secs(5)).instant::<EdgeLabels>("up").await.unwrap_err();
    assert!(matches!(error, PrometheusError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
}

#[tokio::test]
async fn path_prefix_and_credentials_go_along_and_stay_out_of_messages() {
    let server = serve(|request| {
        let well = request.starts_with("GET /prom/api/v1/query?query=up ")
            || request.starts_with("GET /prom/api/v1/query?query=up+");
        // ana:s3cret
        let signed =
            request.to_ascii_lowercase().contains("authorization: basic ") && request.contains("YW5hOnMzY3JldA==");
        Say::This(if well && signed { 418 } else { 400 }, String::new())
    })
    .await;
    let url = server.url.replace("http://", "http://ana:s3cret@") + "/prom/";
    let error = client(&url, Duration::from_secs(5)).instant::<EdgeLabels>("up").await.unwrap_err();
    assert!(matches!(error, PrometheusError::Status { status: 418, .. }), "{error:?}");
    assert!(!format!("{error} {error:?} {}", error.fix()).contains("s3cret"));
}

#[tokio::test]
async fn long_questions_go_in_the_body() {
    let long = format!("up{{x=\"{}\"}}", "y".repeat(5000));
    let server = serve(|request| {
        let in_body = request.starts_with("POST /api/v1/query HTTP") && request.contains("\r\n\r\nquery=up%7Bx");
        Say::This(if in_body { 418 } else { 400 }, String::new())
    })
    .await;
    let error = client(&server.url, Duration::from_secs(5)).instant::<EdgeLabels>(&long).await.unwrap_err();
    assert!(matches!(error, PrometheusError::Status { status: 418, .. }), "{error:?}");
}

fn success(result: &str) -> Say {
    Say::This(200, format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#))
}

const EDGE: &str = r#"{"metric":{"reporter":"source","source_workload":"web","source_workload_namespace":"shop",
    "destination_workload":"r","destination_workload_namespace":"shop","destination_service_name":"r",
    "destination_service_namespace":"shop","response_code":"200"},"value":[1700000000,"12.5"]}"#;

/// Requests are told, everything else fails in its own way: what is known is shown, the rest is unknown and said.
#[tokio::test]
async fn partial_answers_are_shown_and_what_is_missing_is_said() {
    let server = serve(|request| {
        if request.contains("response_code") {
            let nan = EDGE.replace("12.5", "NaN").replace("\"web\"", "\"other\"");
            success(&format!("{EDGE},{nan}"))
        } else if request.contains("destination_service_name") {
            Say::This(200, "<html>".to_owned())
        } else {
            Say::This(500, String::new())
        }
    })
    .await;
    let interest = Interest { gateways: vec!["gw".to_owned()], ..Interest::default() };
    let mut sampler = Sampler::with_trends(client(&server.url, Duration::from_secs(5)), 15);
    let snapshot = sampler.look(&interest).await.unwrap();
    assert_eq!(snapshot.total.rps, Some(12.5));
    assert_eq!(snapshot.total.p99_ms, None);
    assert_eq!(snapshot.workloads[0].trends.rps, [Some(12.5)].into_iter().collect());
    let notes = snapshot.notes.join("\n");
    for missing in ["latency of workloads", "latency of services", "latency through gateways", "trends before now"] {
        assert!(notes.contains(missing), "{missing} in {notes}");
    }
}

/// Whatever is shown: at the pace of five seconds not more than two questions a second, and what moves slowly stays known
/// between the looks that ask for it.
#[tokio::test]
async fn a_look_asks_little_and_forgets_nothing() {
    let server = serve(|request| {
        if request.contains("response_code") && !request.contains("envoy_cluster_name") {
            success(EDGE)
        } else if request.contains("agentgateway_requests_total") {
            success(r#"{"metric":{"route":"shop/r","status":"200"},"value":[1700000000,"1"]}"#)
        } else if request.contains("pilot_xds") {
            success(r#"{"metric":{"signal":"clients"},"value":[1700000000,"24"]}"#)
        } else if request.contains("histogram_quantile") && request.contains("source_workload") {
            let told = ["p50", "p90", "p99"]
                .map(|signal| EDGE.replace("\"reporter\"", &format!("\"signal\":\"{signal}\",\"reporter\"")));
            success(&told.join(","))
        } else if request.contains("container_cpu_usage") {
            success(r#"{"metric":{"signal":"cpu","namespace":"shop","workload":"r"},"value":[1700000000,"0.5"]}"#)
        } else {
            success("")
        }
    })
    .await;
    let interest = Interest { gateways: vec!["gw".to_owned()], ..Interest::default() };
    let mut sampler = Sampler::once(client(&server.url, Duration::from_secs(5)));
    let mut looks = Vec::new();
    for _ in 0..7 {
        let before = server.asked.load(Ordering::SeqCst);
        let snapshot = sampler.look(&interest).await.unwrap();
        looks.push(server.asked.load(Ordering::SeqCst) - before);
        assert_eq!(snapshot.control_plane.unwrap().clients, Some(24.0));
        assert_eq!(snapshot.workload("shop", "r").unwrap().usage.cpu_cores, Some(0.5));
        assert!(snapshot.measured.edges[0].latency.is_some());
    }
    assert_eq!(looks, [13, 9, 9, 9, 9, 9, 9], "clusters of plain Envoys are rarely looked for where there are none");
    // Usage and the latency of calls are of a namespace: another one is asked for at once.
    let shop = Interest { namespace: Some("shop".to_owned()), ..interest };
    let before = server.asked.load(Ordering::SeqCst);
    sampler.look(&shop).await.unwrap();
    assert_eq!(server.asked.load(Ordering::SeqCst) - before, 10);
}

#[tokio::test]
async fn nothing_is_asked_until_somebody_looks_and_failures_keep_the_last_figures() {
    let broken = Arc::new(AtomicUsize::new(0));
    let down = Arc::clone(&broken);
    let server = serve(move |request| {
        if down.load(Ordering::SeqCst) == 1 {
            Say::This(500, String::new())
        } else if request.contains("response_code") {
            success(EDGE)
        } else {
            success("")
        }
    })
    .await;
    let (demand, wanted) = watch::channel(None);
    let (out, mut readings) = watch::channel(Reading::default());
    let sampler = Sampler::with_trends(client(&server.url, Duration::from_secs(5)), 15);
    let running = tokio::spawn(run(sampler, wanted, out));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 0);
    assert_eq!(readings.borrow().source, MetricSource::None);
    demand.send_replace(Some(Demand { every: Duration::from_millis(500), ..Demand::default() }));
    let limit = Duration::from_secs(20);
    let good = tokio::time::timeout(limit, readings.wait_for(|reading| reading.source == MetricSource::Good));
    assert_eq!(good.await.unwrap().unwrap().snapshot.as_ref().unwrap().total.rps, Some(12.5));
    broken.store(1, Ordering::SeqCst);
    let bad = |reading: &Reading| matches!(reading.source, MetricSource::Broken { .. });
    let reading = tokio::time::timeout(limit, readings.wait_for(bad)).await.unwrap().unwrap().clone();
    assert!(
        matches!(&reading.source, MetricSource::Broken { cause, .. } if cause.contains("answered 500")),
        "{reading:?}"
    );
    assert_eq!(reading.snapshot.unwrap().total.rps, Some(12.5), "the last good figures stay");
    broken.store(0, Ordering::SeqCst);
    let again = tokio::time::timeout(limit, readings.wait_for(|reading| reading.source == MetricSource::Good));
    again.await.unwrap().unwrap();
    drop(demand);
    tokio::time::timeout(limit, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn alerts_are_named_once_or_it_is_told_why_not() {
    let firing = |names: &[&str]| Alerts::Firing(names.iter().map(|name| (*name).to_owned()).collect());
    let series = |labels: &str, value: &str| format!(r#"{{"metric":{labels},"value":[1,"{value}"]}}"#);
    let vector = |series: &[String]| {
        let series = series.join(",");
        Say::This(200, format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#))
    };
    let said = vector(&[
        series(r#"{"alertname":"Down","namespace":"shop"}"#, "1"),
        series(r#"{"alertname":"Down","namespace":"shop","pod":"b"}"#, "1"),
        series(r#"{"alertname":"Over","namespace":"shop"}"#, "0"),
        series(r#"{"alertname":"A\u001b[31mB"}"#, "1"),
    ]);
    let server = serve(move |request| {
        assert!(request.contains("ALERTS"), "{request}");
        said.clone()
    })
    .await;
    assert_eq!(alerts::ask(&metrics(&server.url), "ALERTS").await, firing(&["AB", "Down in shop"]));
    let quiet = vector(&[]);
    let server = serve(move |_| quiet.clone()).await;
    assert_eq!(alerts::ask(&metrics(&server.url), "ALERTS").await, firing(&[]));
    let server = serve(|_| Say::This(503, "<html>".to_owned())).await;
    let told = alerts::ask(&metrics(&server.url), "ALERTS").await;
    assert!(matches!(&told, Alerts::Unreadable(why) if why.contains("503")), "{told:?}");
    // Nobody to ask, or nothing to ask: nobody is asked.
    assert_eq!(alerts::ask(&Metrics::new(Wanted::nowhere(), None, SOON), "ALERTS").await, Alerts::Unasked);
    assert_eq!(alerts::ask(&metrics(&server.url), " ").await, Alerts::Unasked);
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
}

/// Token from a file that changes, headers for a tenant, certificates of both sides; none of it is in a message.
#[tokio::test]
async fn who_asks_is_proven_in_every_way() {
    let authority = Authority::new();
    let answer = |seen: &Seen| {
        let token = seen.header("authorization").concat();
        let tenant = seen.header("x-scope-orgid").concat();
        let certified = seen.certificate.is_some();
        Reply::status(418, "Told", &format!("{token} {tenant} {certified}"))
    };
    let tls = authority.tls(&authority.server(&["127.0.0.1"]), true);
    let server = LoopbackServer::tls(tls, answer).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let leaf = authority.client("ana");
    let access = Access {
        token_file: file("token", "first\n"),
        headers: headers("X-Scope-OrgID: team-a").unwrap(),
        ca: file("ca", &authority.pem),
        certificate: file("cert", &leaf.cert),
        key: file("key", &leaf.key),
    };
    let asked = async |access: Access| {
        let endpoint = Endpoint::parse(&server.url()).unwrap().with(access);
        Prometheus::new(endpoint, SOON)?.instant::<EdgeLabels>("up").await.map(drop)
    };
    assert!(matches!(asked(access.clone()).await, Err(PrometheusError::Status { status: 418, .. })));
    let seen = server.seen().pop().unwrap();
    assert_eq!((seen.header("authorization"), seen.header("x-scope-orgid")), (vec!["Bearer first"], vec!["team-a"]));
    assert!(seen.certificate.is_some());
    file("token", "second");
    let _ = asked(access.clone()).await;
    assert_eq!(server.seen().pop().unwrap().header("authorization"), ["Bearer second"], "tokens change");

    let trusts_nobody = asked(Access { ca: None, ..access.clone() }).await.unwrap_err();
    assert!(matches!(trusts_nobody, PrometheusError::Unreachable { .. }), "{trusts_nobody}");
    for (wrong, named) in [
        (Access { token_file: Some("/nowhere/token".into()), ..access.clone() }, "/nowhere/token"),
        (Access { ca: Some("/nowhere/ca".into()), ..access.clone() }, "/nowhere/ca"),
        (Access { certificate: file("empty", ""), key: None, ..access.clone() }, "holds no certificate with its key"),
    ] {
        let error = asked(wrong).await.unwrap_err();
        assert!(matches!(&error, PrometheusError::Client { why, .. } if why.contains(named)), "{error}");
        assert!(error.fix().contains("prometheus-ca"), "{}", error.fix());
    }
}

/// One look is few questions, and trends are asked for once: far below two a second at the usual pace. What is left is kept
/// by the budget, whose own tests say so.
#[tokio::test]
async fn a_look_is_few_questions() {
    let server = serve(|request| if request.contains("response_code%2C") { success(EDGE) } else { success("") }).await;
    let asked = || server.asked.load(Ordering::SeqCst);
    let mut sampler = Sampler::with_trends(client(&server.url, SOON), 15);
    let interest = Interest { gateways: vec!["gw".to_owned()], ..Interest::default() };
    let mut looks = Vec::new();
    for _ in 0..30 {
        let before = asked();
        sampler.look(&interest).await.unwrap();
        looks.push(asked() - before);
    }
    println!("questions a look: {looks:?}");
    assert!(looks[0] <= 20, "{looks:?}");
    let later: usize = looks[1..].iter().sum();
    let seconds = 29 * usize::try_from(sampler::PACE.as_secs()).unwrap();
    assert!(later <= 2 * seconds, "{looks:?}");
}

#[tokio::test]
async fn odd_answers_of_any_size_are_read_or_told() {
    use std::fmt::Write as _;
    let mut many = EDGE.to_owned();
    for n in 0..100_000 {
        let _ = write!(many, ",{}", EDGE.replace("\"web\"", &format!("\"w{}\"", n % 100)));
    }
    let answer = success(&many);
    let server =
        serve(move |request| if request.contains("response_code%2C") { answer.clone() } else { success("") }).await;
    let snapshot =
        Sampler::once(client(&server.url, Duration::from_secs(60))).look(&Interest::default()).await.unwrap();
    assert_eq!(snapshot.total.rps, Some(12.5 * 100_001.0), "the same series twice is two");

    for (odd, word) in [
        (
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":7}]}}"#,
            "not of Prometheus' form",
        ),
        (r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#, "not of Prometheus' form"),
        (
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"reporter":7},"value":[1,"1"]}]}}"#,
            "not of Prometheus' form",
        ),
        (r#"{"status":"success","data":{"resul"#, "not of Prometheus' form"),
    ] {
        let error = ask(Say::This(200, odd.to_owned())).await;
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// Numbers that are none are left out one by one; a question that is too slow is one that has no answer.
#[tokio::test]
async fn what_is_no_number_or_too_slow_leaves_the_rest_alive() {
    let server = serve(|request| {
        if request.contains("response_code%2C") {
            let odd =
                ["NaN", "+Inf", "-Inf", "x"].map(|value| EDGE.replace("12.5", value).replace("\"200\"", "\"201\""));
            success(&format!("{EDGE},{}", odd.join(",")))
        } else if request.contains("pilot_xds") {
            Say::Slow
        } else if request.contains("container_cpu_usage") {
            success(r#"{"metric":{"signal":"cpu","namespace":"shop","workload":"r"},"value":[1700000000,"NaN"]}"#)
        } else {
            success("")
        }
    })
    .await;
    let mut sampler = Sampler::once(client(&server.url, Duration::from_millis(400)));
    let snapshot = sampler.look(&Interest::default()).await.unwrap();
    let row = snapshot.workload("shop", "r").unwrap();
    assert_eq!((row.golden.rps, row.usage.cpu_cores), (Some(12.5), None));
    assert_eq!((snapshot.control_plane, snapshot.usage_from), (None, None));
    let notes = snapshot.notes.join("\n");
    assert!(notes.contains("no figures of the control plane") && notes.contains("did not answer within"), "{notes}");
}
