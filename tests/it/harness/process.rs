//! A service or worker in a process of its own, which can be killed.

use std::collections::HashMap;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::guard;

/// Runs a command to its end.
pub(super) async fn command(environment: &HashMap<String, String>, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_merx"));
    let output = command.args(arguments).env_clear().envs(environment).output();
    let output = guard(output).await.unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// A running `merx` process.
pub(crate) struct Process {
    pub(crate) base_url: String,
    child: Child,
}

impl Process {
    /// `merx serve` on a free port, when it serves.
    pub(super) async fn start(environment: &HashMap<String, String>, variables: &[(&str, &str)]) -> Self {
        Self::run("serve", "Serving", environment, variables).await
    }

    /// `merx worker`, when it works.
    pub(super) async fn start_worker(environment: &HashMap<String, String>, variables: &[(&str, &str)]) -> Self {
        Self::run("worker", "Working", environment, variables).await
    }

    async fn run(
        command: &str,
        ready: &str,
        environment: &HashMap<String, String>,
        variables: &[(&str, &str)],
    ) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(env!("CARGO_BIN_EXE_merx"))
            .arg(command)
            .env_clear()
            .envs(environment)
            .env("MERX_BIND", format!("127.0.0.1:{port}"))
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        guard(async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains(ready) {
                    return;
                }
            }
            panic!("merx {command} did not start");
        })
        .await;
        // Read on, so that the process never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { base_url: format!("http://127.0.0.1:{port}"), child }
    }

    /// Waits until the process has died by itself.
    pub(crate) async fn died(mut self) {
        let status = guard(self.child.wait()).await.unwrap();
        assert!(!status.success(), "the process should have died at its fault point");
    }

    /// SIGTERM.
    pub(crate) fn ask_to_stop(&self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// SIGTERM; the process must end well.
    pub(crate) async fn terminate(mut self) {
        self.ask_to_stop();
        let status = guard(self.child.wait()).await.unwrap();
        assert!(status.success(), "{status}");
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
