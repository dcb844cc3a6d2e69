//! Kubeconfigs for tests, as files in a folder of their own.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD};
use brink::cluster::io::connect::{Address, ConnectError, Link, Surroundings, connect_in};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A kubeconfig with one context, `test`.
pub struct Kubeconfig {
    pub folder: TempDir,
    pub path: PathBuf,
    pub cluster: Value,
    pub user: Value,
    pub around: Surroundings,
    pub address: Address,
}

impl Kubeconfig {
    pub fn new(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let address = Address { kubeconfig: vec![path.clone()], ..Address::default() };
        Self {
            folder,
            path,
            cluster: json!({"server": server}),
            user: json!({}),
            around: Surroundings::default(),
            address,
        }
    }

    /// Trusts an authority.
    pub fn trust(mut self, pem: &str) -> Self {
        self.cluster["certificate-authority-data"] = json!(STANDARD.encode(pem));
        self
    }

    /// Sets an entry of the cluster.
    pub fn cluster(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.cluster[field] = value.into();
        self
    }

    /// Sets an entry of the user.
    pub fn user(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.user[field] = value.into();
        self
    }

    /// Writes a file beside the kubeconfig.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes a program beside the kubeconfig.
    pub fn program(&self, name: &str, script: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.file(name, &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Writes it and makes a link.
    pub fn connect(&self) -> Result<Link, ConnectError> {
        // JSON is YAML.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": self.user}],
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        });
        std::fs::write(&self.path, config.to_string()).unwrap();
        connect_in(&self.address, &self.around)
    }
}
