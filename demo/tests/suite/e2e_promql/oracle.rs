//! A real Prometheus that scrapes nothing: it holds the samples of a store and answers the same questions.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use brink_demo::metrics::Tsdb;
use serde_json::Value;

/// Status and body; a text where it is not JSON.
pub type Answer = (u16, Value);

/// A running Prometheus; it ends with the test.
pub struct Oracle {
    child: Child,
    address: String,
    dir: tempfile::TempDir,
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Oracle {
    /// Over blocks that promtool makes of `OpenMetrics`.
    pub fn of_blocks(prometheus: &Path, promtool: &Path, open_metrics: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (input, data) = (dir.path().join("samples"), dir.path().join("data"));
        std::fs::write(&input, open_metrics).unwrap();
        let made = Command::new(promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&input, &data])
            .output()
            .unwrap();
        assert!(made.status.success(), "promtool: {}", String::from_utf8_lossy(&made.stderr));
        Self::start(prometheus, dir)
    }

    /// Over the samples of a store, staleness markers among them, which only remote write can carry.
    pub fn of_store(prometheus: &Path, tsdb: &Tsdb) -> Self {
        let oracle = Self::start(prometheus, tempfile::tempdir().unwrap());
        for part in tsdb.raw().collect::<Vec<_>>().chunks(500) {
            let mut request = Vec::new();
            for (tags, samples) in part {
                let pairs = tags.labels.iter().map(|(name, value)| (&**name, &**value));
                let mut labels: Vec<(&str, &str)> =
                    pairs.chain(tags.name.iter().map(|name| ("__name__", &**name))).collect();
                labels.sort_unstable();
                let mut one = Vec::new();
                for (name, value) in labels {
                    let mut label = Vec::new();
                    field(&mut label, 1, name.as_bytes());
                    field(&mut label, 2, value.as_bytes());
                    field(&mut one, 1, &label);
                }
                for (at, value) in samples {
                    let mut sample = vec![9];
                    sample.extend(value.to_le_bytes());
                    sample.push(16);
                    varint(&mut sample, u64::try_from(*at).unwrap());
                    field(&mut one, 2, &sample);
                }
                field(&mut request, 1, &one);
            }
            let (status, said) = oracle.send("POST", "/api/v1/write", "application/x-protobuf", &stored(&request));
            assert_eq!(status, 204, "remote write: {said}");
        }
        oracle
    }

    fn start(prometheus: &Path, dir: tempfile::TempDir) -> Self {
        let config = dir.path().join("prometheus.yml");
        // One target that nobody listens at, asked so rarely that it is not asked during a test.
        let text = "scrape_configs:\n- job_name: nobody\n  scrape_interval: 1000h\n  scrape_timeout: 1s\n  static_configs: \
                    [{targets: ['127.0.0.1:1']}]\n";
        std::fs::write(&config, text).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(prometheus)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--web.enable-remote-write-receiver", "--log.level=warn", "--storage.tsdb.retention.time=100y"])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let oracle = Self { child, address: format!("127.0.0.1:{port}"), dir };
        let deadline = Instant::now() + Duration::from_mins(1);
        while !oracle.try_send("GET", "/-/ready", "", b"").is_ok_and(|(status, _)| status == 200) {
            let log = || std::fs::read_to_string(oracle.dir.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "Prometheus does not get ready:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        oracle
    }

    /// Asks with parameters in the address.
    pub fn get(&self, path: &str, params: &[(String, String)]) -> Answer {
        self.send("GET", &format!("{path}?{}", form(params)), "", b"")
    }

    /// Asks with parameters in the body.
    pub fn post(&self, path: &str, params: &[(String, String)]) -> Answer {
        self.send("POST", path, "application/x-www-form-urlencoded", form(params).as_bytes())
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.try_send(method, path, kind, body).unwrap()
    }

    fn try_send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.address)?;
        // 1.0: the answer ends with the connection and is not chunked.
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n", self.address);
        if !body.is_empty() {
            let _ = write!(head, "Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
            head.push_str("Content-Encoding: ");
            head.push_str(if kind.ends_with("protobuf") { "snappy\r\n" } else { "identity\r\n" });
        }
        stream.write_all(head.as_bytes())?;
        stream.write_all(b"\r\n")?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Ok((status, serde_json::from_str(body).unwrap_or_else(|_| body.into())))
    }
}

fn form(params: &[(String, String)]) -> String {
    let encoded = |text: &str| -> String {
        text.bytes().fold(String::new(), |mut all, byte| {
            let _ = write!(all, "%{byte:02X}");
            all
        })
    };
    params.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&")
}

fn varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    into.push(u8::try_from(value).unwrap());
}

/// A length-delimited field of protobuf.
fn field(into: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(into, number << 3 | 2);
    varint(into, bytes.len() as u64);
    into.extend(bytes);
}

/// Snappy's block format, everything as literals.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    varint(&mut all, bytes.len() as u64);
    for part in bytes.chunks(60_000) {
        all.push(61 << 2);
        all.extend(u16::try_from(part.len() - 1).unwrap().to_le_bytes());
        all.extend(part);
    }
    all
}
