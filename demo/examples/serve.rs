//! Serves an empty cluster by hand: `cargo run -p brink-demo --example serve -- PORT KUBECONFIG`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a program for the hand")]

use brink_demo::{
    api::Cluster,
    io::{Settings, serve},
};

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().collect();
    let begin = jiff::Timestamp::now();
    let settings = Settings {
        address: ([127, 0, 0, 1], words[1].parse().unwrap()).into(),
        rate: 1.0,
        begin,
        kubeconfig: words[2].clone().into(),
        name: "demo".to_owned(),
    };
    let served = serve(Cluster::new(1, begin), settings).await.unwrap();
    println!("{} {} {}", served.url, served.control, served.control_token);
    std::future::pending::<()>().await;
}
