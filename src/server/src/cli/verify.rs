//! `plenum verify`: checks a result sheet without any server.

use super::Failure;
use clap::Args;
use plenum_schema::poll::SignedSheet;
use plenum_services::accounts::verify_sheet;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The file: what `GET …/questions/{id}/sheet` answered
    file: PathBuf,
    /// The key's id (`kid`) as the server published it at the time, at `/.well-known/jwks.json`
    #[arg(long)]
    kid: Option<String>,
    /// A voter's receipt: is that ballot in the list?
    #[arg(long)]
    receipt: Vec<String>,
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let file: SignedSheet = serde_json::from_str(&std::fs::read_to_string(&args.file)?)?;
    if args.kid.as_ref().is_some_and(|kid| *kid != file.key.kid) {
        return Err(format!("it is signed with the key {}", file.key.kid).into());
    }
    let sheet = verify_sheet(&file)?;
    sheet.check(&file.entries)?;
    let missing = args.receipt.iter().find(|receipt| !sheet.holds(&file.entries, receipt));
    if let Some(missing) = missing {
        return Err(format!("no ballot has the receipt {missing}").into());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", sheet.definition.text)?;
    for count in &sheet.results.counts {
        let option = sheet.definition.options.iter().find(|option| i64::from(option.id) == count.option);
        writeln!(out, "{:>9}  {}", count.count, option.map_or(count.option.to_string(), |option| option.text.clone()))?;
    }
    writeln!(out, "{:>9}  ballots", sheet.results.total_responses)?;
    writeln!(out, "signed with the key {}; chain, number of ballots and counts are right", file.key.kid)?;
    if args.kid.is_none() {
        writeln!(out, "the key is the file's own: compare it with what the server published, or give --kid")?;
    }
    Ok(())
}
