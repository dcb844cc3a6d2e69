//! Trouble with the API, ordered at the control door.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::support::{Demo, client, demo, send};

/// Says something at the control door; the code and the body of its answer.
pub async fn control(demo: &Demo, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut door = TcpStream::connect(demo.served.control.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        demo.served.control_token,
        body.len()
    );
    door.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    door.read_to_string(&mut answer).await.unwrap();
    let code = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (code, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

const MAP: &[u8] = br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_after_the_write_leaves_the_object_and_no_answer() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let rule = r#"{"id":"cut","match":{"method":"POST","count":1},"action":{"kind":"cut-after"}}"#;
    assert_eq!(control(&demo, "POST", "/rules", rule).await.0, 201);
    let request =
        http::Request::post(MAPS).header("content-type", "application/json").body(MAP.to_vec().into()).unwrap();
    assert!(client.send(request).await.is_err());
    assert_eq!(send(&client, "GET", &format!("{MAPS}/a"), &[], b"").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_can_be_replaced_and_the_door_shut() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let rule = r#"{"id":"slow","match":{"path":"configmaps"},"action":{"kind":"status","code":500,"retry_after_s":7}}"#;
    assert_eq!(control(&demo, "POST", "/rules", rule).await.0, 201);
    let (code, status) = send(&client, "GET", MAPS, &[], b"").await;
    assert_eq!((code, status["details"]["retryAfterSeconds"].as_i64()), (500, Some(7)));
    assert_eq!(control(&demo, "DELETE", "/rules/slow", "").await.0, 200);
    assert_eq!(send(&client, "GET", MAPS, &[], b"").await.0, 200);
    assert_eq!(control(&demo, "POST", "/rules", r#"{"id":"off","action":{"kind":"unreachable"}}"#).await.0, 201);
    assert!(client.send(http::Request::get(MAPS).body(Vec::new().into()).unwrap()).await.is_err());
    assert_eq!(control(&demo, "DELETE", "/rules", "").await.0, 200);
    assert_eq!(send(&client, "GET", MAPS, &[], b"").await.0, 200);
    assert_eq!(control(&demo, "POST", "/rules", r#"{"id":"x","action":{"kind":"explode"}}"#).await.0, 400);
}
