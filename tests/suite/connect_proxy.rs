//! Proxies on the way: from the kubeconfig and from the environment, over HTTP, HTTPS and SOCKS.

use brink::cluster::{
    api::{Api, Read, Trouble},
    cause::Cause,
    io::live::Live,
};
use rstest::rstest;
use serde_json::json;

use super::loopback::{
    authority::Authority,
    kubeconfig::Kubeconfig,
    proxy::{Asked, Proxy, Speech},
    server::{Reply, Server},
};

/// A name that exists nowhere: only a proxy can lead there.
const FAR: &str = "https://api.far.invalid:6443";

struct Way {
    authority: Authority,
    server: Server,
}

impl Way {
    async fn new() -> Self {
        let authority = Authority::new();
        let tls = authority.tls(&authority.server(&["api.far.invalid", "127.0.0.1"]), false);
        let server = Server::tls(tls, |_| Reply::json(&json!({}))).await;
        Self { authority, server }
    }

    fn kubeconfig(&self) -> Kubeconfig {
        Kubeconfig::new(FAR).trust(&self.authority.pem)
    }
}

async fn ask(kubeconfig: &Kubeconfig) -> Result<(), Trouble> {
    Live::new(kubeconfig.connect().unwrap(), false).read(&Read::Path("/version".to_owned())).await.map(drop)
}

fn asked(login: Option<&str>) -> Vec<Asked> {
    vec![Asked { to: "api.far.invalid:6443".to_owned(), login: login.map(str::to_owned) }]
}

fn cause(trouble: &Trouble) -> Cause {
    match trouble {
        Trouble::Unreachable { why, .. } => Cause::of(why),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn proxy_url_leads_through_an_http_proxy_with_its_login() {
    let way = Way::new().await;
    let proxy = Proxy::start(Speech::Connect, way.server.port).await;
    let kubeconfig = way.kubeconfig().cluster("proxy-url", format!("http://me:p%40ss@127.0.0.1:{}", proxy.port));
    ask(&kubeconfig).await.unwrap();
    // me:p@ss
    assert_eq!(proxy.asked(), asked(Some("Basic bWU6cEBzcw==")));
    assert_eq!(way.server.seen().len(), 1);
}

#[tokio::test]
async fn proxy_url_leads_through_an_https_proxy() {
    let way = Way::new().await;
    let tls = way.authority.tls(&way.authority.server(&["127.0.0.1"]), false);
    let proxy = Proxy::start(Speech::ConnectOverTls(tls), way.server.port).await;
    ask(&way.kubeconfig().cluster("proxy-url", format!("https://127.0.0.1:{}", proxy.port))).await.unwrap();
    assert_eq!(proxy.asked(), asked(None));
}

#[rstest]
#[case("socks5", None, None)]
#[case("socks5h", None, None)]
#[case("socks5", Some("me:pass"), Some("me:pass"))]
#[tokio::test]
async fn proxy_url_leads_through_socks_which_resolves_the_name(
    #[case] scheme: &str,
    #[case] demanded: Option<&'static str>,
    #[case] given: Option<&str>,
) {
    let way = Way::new().await;
    let proxy = Proxy::start(Speech::Socks(demanded), way.server.port).await;
    let login = given.map_or_else(String::new, |login| format!("{login}@"));
    ask(&way.kubeconfig().cluster("proxy-url", format!("{scheme}://{login}127.0.0.1:{}", proxy.port))).await.unwrap();
    assert_eq!(proxy.asked(), asked(given));
}

#[tokio::test]
async fn the_environment_names_a_proxy_and_its_exceptions() {
    let way = Way::new().await;
    let proxy = Proxy::start(Speech::Connect, way.server.port).await;
    let mut kubeconfig = way.kubeconfig();
    kubeconfig.around.https_proxy = Some(("HTTPS_PROXY".to_owned(), format!("127.0.0.1:{}", proxy.port)));
    ask(&kubeconfig).await.unwrap();
    assert_eq!(proxy.asked(), asked(None));
    kubeconfig.around.no_proxy = ".far.invalid".to_owned();
    let trouble = ask(&kubeconfig).await.unwrap_err();
    assert_eq!(cause(&trouble), Cause::UnknownHost, "{trouble}");
    // HTTP_PROXY is for http addresses.
    kubeconfig.around.http_proxy = kubeconfig.around.https_proxy.take();
    kubeconfig.around.no_proxy.clear();
    assert_eq!(cause(&ask(&kubeconfig).await.unwrap_err()), Cause::UnknownHost);
    assert_eq!(proxy.asked().len(), 1);
}

#[tokio::test]
async fn loopback_needs_no_proxy_from_the_environment() {
    let way = Way::new().await;
    let mut kubeconfig = Kubeconfig::new(&way.server.url()).trust(&way.authority.pem);
    kubeconfig.around.https_proxy = Some(("https_proxy".to_owned(), "http://127.0.0.1:1".to_owned()));
    ask(&kubeconfig).await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let way = Way::new().await;
    let locked = Proxy::start(Speech::Locked, way.server.port).await;
    let trouble =
        ask(&way.kubeconfig().cluster("proxy-url", format!("http://127.0.0.1:{}", locked.port))).await.unwrap_err();
    assert_eq!(cause(&trouble), Cause::ProxyAuth, "{trouble}");
    let socks = Proxy::start(Speech::Socks(Some("me:right")), way.server.port).await;
    let url = format!("socks5://me:wrong@127.0.0.1:{}", socks.port);
    let trouble = ask(&way.kubeconfig().cluster("proxy-url", url)).await.unwrap_err();
    assert_eq!(cause(&trouble), Cause::ProxyAuth, "{trouble}");
    assert!(!trouble.to_string().contains("wrong"), "{trouble}");
    let error = way.kubeconfig().cluster("proxy-url", "ftp://me:secret@x").connect().unwrap_err();
    assert!(error.to_string().contains("ftp") && !error.to_string().contains("secret"), "{error}");
    assert!(way.server.seen().is_empty());
}
