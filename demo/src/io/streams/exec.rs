//! Exec: a program of the container, or its shell at a terminal.

use serde_json::Value;

use super::{
    super::{
        machine::Machine,
        serve::{Shared, lock},
    },
    Came, Channels, ERROR, RESIZE, STDERR, STDIN, STDOUT, container, status,
};
use crate::{
    api::Request,
    base::value::{list, text},
    container::{self as inside, Facts, Files, Shell},
};

/// What may be sent to a program.
const MOST: usize = 64 << 20;

pub(super) async fn run<M: Machine>(shared: &Shared<M>, request: &Request, pod: &Value, mut channels: Channels) {
    let name = container(request, pod);
    let words: Vec<String> = commands(request);
    let mut facts = facts(shared, pod, name);
    let key = (text(pod, &["metadata", "uid"]).to_owned(), name.to_owned());
    let files = || lock(&shared.files).get(&key).cloned().unwrap_or_else(|| Files::new(&facts.host));
    let program = words.first().map(String::as_str).unwrap_or_default().to_owned();
    let shell = matches!(program.as_str(), "sh" | "/bin/sh") && words.len() == 1 && !facts.bare;
    if shell && request.is_set("tty") {
        let mut files = files();
        let code = at_terminal(&mut channels, &mut facts, &mut files).await;
        lock(&shared.files).insert(key, files);
        if let Some(code) = code {
            channels.send(ERROR, status::ended(code).to_string().as_bytes()).await;
        }
        return channels.end().await;
    }
    let mut files = files();
    // What is not there fails before anything is sent to it.
    if inside::run(&mut files.clone(), &facts, "/", &words, b"").is_none() {
        channels.send(ERROR, status::missing(&program).to_string().as_bytes()).await;
        return channels.end().await;
    }
    let stdin = if request.is_set("stdin") { read(&mut channels).await } else { Vec::new() };
    let done = inside::run(&mut files, &facts, "/", &words, &stdin).unwrap_or_default();
    lock(&shared.files).insert(key, files);
    channels.send(STDOUT, &done.out).await;
    let complaints = if request.is_set("tty") || !request.is_set("stderr") { STDOUT } else { STDERR };
    channels.send(complaints, &done.err).await;
    channels.send(ERROR, status::ended(done.code).to_string().as_bytes()).await;
    channels.end().await;
}

/// All words of the command, in their order.
fn commands(request: &Request) -> Vec<String> {
    request.query.iter().filter(|(name, _)| name == "command").map(|(_, value)| value.clone()).collect()
}

/// Everything that is sent until the channel is closed. An archive says itself where it ends, for those who cannot close.
async fn read(channels: &mut Channels) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        match channels.next().await {
            Came::Data(STDIN, bytes) if all.len() + bytes.len() <= MOST => all.extend_from_slice(&bytes),
            Came::Closed(STDIN) | Came::Over => return all,
            Came::Data(..) | Came::Closed(_) => {}
        }
    }
}

async fn at_terminal(channels: &mut Channels, facts: &mut Facts, files: &mut Files) -> Option<i32> {
    let mut shell = Shell::default();
    channels.send(STDOUT, shell.prompt().as_bytes()).await;
    loop {
        match channels.next().await {
            Came::Data(STDIN, bytes) => {
                let heard = shell.hear(files, facts, &bytes);
                channels.send(STDOUT, &heard.shown).await;
                if heard.ended.is_some() {
                    return heard.ended;
                }
            }
            Came::Data(RESIZE, bytes) => {
                let size: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                let cells = |name: &str| size[name].as_u64().and_then(|cells| u16::try_from(cells).ok());
                facts.size = cells("Width").zip(cells("Height"));
            }
            Came::Closed(STDIN) => return Some(0),
            Came::Over => return None,
            Came::Data(..) | Came::Closed(_) => {}
        }
    }
}

fn facts<M: Machine>(shared: &Shared<M>, pod: &Value, name: &str) -> Facts {
    let all = list(pod, &["spec", "containers"]).iter().chain(list(pod, &["spec", "initContainers"]));
    let own = all.into_iter().find(|one| text(one, &["name"]) == name);
    let host = text(pod, &["metadata", "name"]).to_owned();
    let mut env = vec![
        ("HOSTNAME".to_owned(), host.clone()),
        ("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("KUBERNETES_SERVICE_HOST".to_owned(), "10.96.0.1".to_owned()),
    ];
    for one in own.map(|own| list(own, &["env"])).unwrap_or_default() {
        env.push((text(one, &["name"]).to_owned(), text(one, &["value"]).to_owned()));
    }
    let image = own.map(|own| text(own, &["image"])).unwrap_or_default();
    Facts {
        host,
        command: format!("/{name}"),
        env,
        date: shared.clock.now().strftime("%a %b %e %H:%M:%S UTC %Y").to_string(),
        size: None,
        bare: image.contains("distroless") || name == "linkerd-proxy" || name == "agentgateway",
    }
}
