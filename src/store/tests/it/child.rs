//! Runs a test of this binary as a process of its own.

use std::process::{Command, Stdio};

/// Names the directory a child works in; only a child has it.
const DIRECTORY: &str = "PLENUM_STORE_TEST_DIRECTORY";

/// The directory, when this process is a child.
pub fn directory() -> Option<std::path::PathBuf> {
    std::env::var_os(DIRECTORY).map(Into::into)
}

fn prepare(mut command: Command, test: &str, directory: &std::path::Path) -> Command {
    command.args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(DIRECTORY, directory).stdout(Stdio::piped());
    command
}

/// A child that runs `test`.
pub fn command(test: &str, directory: &std::path::Path) -> Command {
    prepare(Command::new(std::env::current_exe().unwrap()), test, directory)
}

/// Runs `test` in a child that may mount file systems nobody else sees; they go with it.
///
/// Panics when root cannot do that. Other users may be forbidden to: then nothing is tested and this says so.
pub fn run_with_mounts(test: &str) {
    let root = std::fs::read_to_string("/proc/self/status").unwrap().lines().any(|line| line.starts_with("Uid:\t0\t"));
    let flags: &[&str] = if root { &["--mount"] } else { &["--mount", "--user", "--map-root-user"] };
    let allowed = Command::new("unshare").args(flags).arg("true").status().is_ok_and(|status| status.success());
    if !allowed {
        assert!(!root, "this test needs \"unshare --mount\" (util-linux)");
        eprintln!("NOT TESTED: {test} needs \"unshare\" with user namespaces, or root");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(flags).arg(std::env::current_exe().unwrap());
    let output = prepare(command, test, directory.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Runs `mount` with these words and the directory.
pub fn mount(words: &[&str], directory: &std::path::Path) {
    let status = Command::new("mount").args(words).arg(directory).status().unwrap();
    assert!(status.success(), "mount {words:?}");
}
