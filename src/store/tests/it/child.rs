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
/// Not every user may do that, not even root inside of a container. So whoever calls this has tested the same with [`run_limited`] or
/// [`run_without_override`] before, which everybody may.
pub fn run_where_mounting_is_allowed(test: &str) {
    let flags: &[&str] = if is_root() { &["--mount"] } else { &["--mount", "--user", "--map-root-user"] };
    let allowed = Command::new("unshare").args(flags).arg("true").status().is_ok_and(|status| status.success());
    if !allowed {
        eprintln!("without a file system of its own: {test} needs \"unshare\" with user namespaces, or root");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(flags).arg(std::env::current_exe().unwrap());
    run(command, test);
}

/// Runs `test` in a child that survives files which grow beyond what is allowed: the write is refused, no signal kills it.
pub fn run_limited(test: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(std::env::current_exe().unwrap());
    run(command, test);
}

/// Runs `test` in a child for which permissions of files hold, whoever runs it.
pub fn run_without_override(test: &str) {
    let binary = std::env::current_exe().unwrap();
    if !is_root() {
        return run(Command::new(binary), test);
    }
    let without = "-dac_override,-dac_read_search,-fowner";
    let mut command = Command::new("setpriv");
    command.args([&format!("--bounding-set={without}"), &format!("--inh-caps={without}")]).arg(binary);
    run(command, test);
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// Panics unless the child has run the test.
fn run(command: Command, test: &str) {
    let directory = tempfile::tempdir().unwrap();
    let output = prepare(command, test, directory.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Runs `mount` with these words and the directory.
pub fn mount(words: &[&str], directory: &std::path::Path) {
    let status = Command::new("mount").args(words).arg(directory).status().unwrap();
    assert!(status.success(), "mount {words:?}");
}
