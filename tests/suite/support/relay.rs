//! A relay between two sides on this machine, which keeps the requests that pass.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

/// Its address, and the bodies that passed it towards the server.
pub struct Relay {
    pub url: String,
    pub sent: Arc<Mutex<Vec<Value>>>,
}

/// A relay to a server at an address such as `http://127.0.0.1:80/v1`.
pub fn relay(to: &str) -> Relay {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = to.trim_start_matches("http://");
    let (to, path) = to.split_once('/').map_or((to, String::new()), |(to, path)| (to, format!("/{path}")));
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let sent: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (all, to) = (Arc::clone(&sent), to.to_owned());
    thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(to.as_str()).unwrap());
            let (mut back, mut answers) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut answers, &mut back);
                let _ = back.shutdown(Shutdown::Both);
            });
            let all = Arc::clone(&all);
            thread::spawn(move || pass(near, far, &all));
        }
    });
    Relay { url, sent }
}

/// Passes requests on until the near side hangs up.
fn pass(mut near: TcpStream, mut far: TcpStream, all: &Mutex<Vec<Value>>) {
    let (mut raw, mut more) = (Vec::new(), [0; 8192]);
    while let Ok(count @ 1..) = near.read(&mut more) {
        raw.extend_from_slice(&more[..count]);
        while let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            let whole = end + 4 + length.unwrap_or(0usize);
            if raw.len() < whole {
                break;
            }
            let request: Vec<u8> = raw.drain(..whole).collect();
            if let Ok(body) = serde_json::from_slice(&request[end + 4..]) {
                all.lock().unwrap().push(body);
            }
            if far.write_all(&request).is_err() {
                return;
            }
        }
    }
    let _ = far.shutdown(Shutdown::Both);
}
