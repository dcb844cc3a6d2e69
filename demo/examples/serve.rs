//! Serves a world by hand: `cargo run -p brink-demo --example serve -- PORT KUBECONFIG [WORLD]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a program for the hand")]

use brink_demo::{
    io::{Settings, serve},
    world::{Wish, World, named},
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
    let bundle = named(words.get(3).map_or("shop", String::as_str)).unwrap();
    let world = World::new(&Wish { bundle, pods: None, seed: 1, now: begin }).unwrap();
    println!("built in {} ms", begin.until(jiff::Timestamp::now()).unwrap().get_milliseconds());
    let served = serve(world, settings).await.unwrap();
    println!("{} {} {} {}", served.url, served.prometheus, served.control, served.control_token);
    std::future::pending::<()>().await;
}
