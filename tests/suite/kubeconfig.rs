//! Finding, merging and choosing from kubeconfig files.

use std::path::PathBuf;

use brink::cluster::io::connect::{Address, ConnectError, Surroundings, connect_in, contexts_in};

const FIRST: &str = "
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: a, cluster: {server: 'http://first:1'}}
contexts:
- {name: one, context: {cluster: a, user: nobody, namespace: shop}}
- {name: dangling, context: {cluster: nowhere, user: nobody}}
users:
- {name: nobody, user: {}}
";

const SECOND: &str = "
apiVersion: v1
kind: Config
current-context: two
clusters:
- {name: a, cluster: {server: 'http://second:1'}}
- {name: b, cluster: {server: 'b.example:8080'}}
- {name: broken, cluster: {server: 'ftp://x'}}
contexts:
- {name: two, context: {cluster: b, user: ''}}
- {name: missing-user, context: {cluster: b, user: ghost}}
- {name: broken, context: {cluster: broken, user: nobody}}
users: null
";

struct Files {
    _folder: tempfile::TempDir,
    first: PathBuf,
    second: PathBuf,
    absent: PathBuf,
}

fn files() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let files = Files { first: at("first"), second: at("second"), absent: at("absent"), _folder: folder };
    std::fs::write(&files.first, FIRST).unwrap();
    std::fs::write(&files.second, SECOND).unwrap();
    files
}

fn around(paths: &[&PathBuf]) -> Surroundings {
    Surroundings { kubeconfig: paths.iter().map(|path| (*path).clone()).collect(), ..Surroundings::default() }
}

fn context(name: &str) -> Address {
    Address { context: Some(name.to_owned()), ..Address::default() }
}

#[tokio::test]
async fn a_list_of_files_merges_with_the_first_to_name_a_thing_winning() {
    let files = files();
    let around = around(&[&files.absent, &files.first, &files.second]);
    let link = connect_in(&Address::default(), &around).unwrap();
    assert_eq!((link.context(), link.server(), link.namespace()), ("one", "http://first:1", "shop"));
    let link = connect_in(&context("two"), &around).unwrap();
    assert_eq!((link.server(), link.namespace(), link.user()), ("http://b.example:8080", "default", ""));
    let names: Vec<(String, bool)> =
        contexts_in(&Address::default(), &around).unwrap().into_iter().map(|one| (one.name, one.current)).collect();
    let expected = [("one", true), ("dangling", false), ("two", false), ("missing-user", false), ("broken", false)];
    assert_eq!(names, expected.map(|(name, current)| (name.to_owned(), current)));
    // What a guardian is given leads to the same place without the environment.
    let again = connect_in(link.pinned(), &Surroundings::default()).unwrap();
    assert_eq!((again.context(), again.server()), (link.context(), link.server()));
}

#[tokio::test]
async fn a_namespace_is_chosen_by_flag_then_context_then_default() {
    let files = files();
    let address = Address { namespace: Some("mine".to_owned()), ..Address::default() };
    assert_eq!(connect_in(&address, &around(&[&files.first])).unwrap().namespace(), "mine");
}

#[tokio::test]
async fn the_default_place_is_below_the_home_directory() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    let around = Surroundings { home: Some(home.path().to_owned()), ..Surroundings::default() };
    let error = connect_in(&Address::default(), &around).unwrap_err();
    assert!(matches!(&error, ConnectError::NoKubeconfig { looked } if looked[0].ends_with(".kube/config")), "{error}");
    assert!(error.fix().contains("--kubeconfig"));
    std::fs::write(home.path().join(".kube/config"), FIRST).unwrap();
    assert_eq!(connect_in(&Address::default(), &around).unwrap().context(), "one");
}

#[tokio::test]
async fn wrong_choices_are_answered_with_the_right_ones() {
    let files = files();
    let around = around(&[&files.first, &files.second]);
    let error = connect_in(&context("tow"), &around).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.fix().as_str()),
        ("no context `tow` in the kubeconfig", "did you mean `two`?")
    );
    let error = connect_in(&context("production"), &around).unwrap_err();
    assert!(error.fix().contains("one, dangling, two"), "{}", error.fix());
    let error = connect_in(&context("dangling"), &around).unwrap_err();
    assert!(error.to_string().contains("cluster `nowhere`"), "{error}");
    let error = connect_in(&context("missing-user"), &around).unwrap_err();
    assert!(error.to_string().contains("user `ghost`"), "{error}");
    let error = connect_in(&context("broken"), &around).unwrap_err();
    assert!(matches!(error, ConnectError::BadCluster { field: "server", .. }), "{error}");
    let explicit = Address { kubeconfig: vec![files.absent.clone()], ..Address::default() };
    let error = connect_in(&explicit, &around).unwrap_err();
    assert!(matches!(&error, ConnectError::Unreadable { path, .. } if *path == files.absent), "{error}");
}

#[tokio::test]
async fn a_file_that_is_none_is_named_with_the_place_and_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let address = Address { kubeconfig: vec![path.clone()], ..Address::default() };
    for text in ["clusters:\n- name: a\n  cluster: [hunter2\n", "just words hunter2", "users: {token: hunter2}\n"] {
        std::fs::write(&path, text).unwrap();
        let error = connect_in(&address, &Surroundings::default()).unwrap_err();
        assert!(matches!(&error, ConnectError::Malformed { path: at, .. } if *at == path), "{text:?}: {error}");
        assert!(error.to_string().contains("line"), "{text:?}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{text:?}: {error}");
    }
    std::fs::write(&path, "").unwrap();
    let error = connect_in(&address, &Surroundings::default()).unwrap_err();
    assert!(matches!(error, ConnectError::NoContext { .. }), "{error}");
    std::fs::write(&path, "\u{0}\u{1}\u{2}words").unwrap();
    assert!(connect_in(&address, &Surroundings::default()).is_err());
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(connect_in(&address, &Surroundings::default()).is_err());
    let error = connect_in(
        &Address { kubeconfig: vec![folder.path().to_owned()], ..Address::default() },
        &Surroundings::default(),
    );
    assert!(matches!(error, Err(ConnectError::Unreadable { .. })));
}
